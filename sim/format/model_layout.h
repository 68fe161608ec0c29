#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "sim/format/model_file.h"
#include "sim/graph/op_schema.h"

namespace rheobase {

// What the writer and the reader of a model file agree on beyond docs/reference/model-file.md.

/// Node groups have six digits, so that their names sort as their numbers.
inline constexpr std::size_t max_nodes = 1'000'000;
std::string node_group_name(std::size_t number);

/// True where every value is -1 or 1, and there are enough of them for bits to be worth it: such a tensor is
/// stored as bits.
bool stored_as_bits(const Tensor& tensor);

/// Appends a fault, seen at `where`, for a name of no arithmetic.
void check_arithmetic_name(const std::string& name, const std::string& where, Faults& faults);
/// Appends a fault, seen at `where`, where the name of an arithmetic is not that of the graph's.
void check_arithmetic_of(const Graph& graph, const std::string& name, const std::string& where,
                         Faults& faults);

/// What `guarantee_kind` says of a guarantee that is conditional; the attribute is absent for others.
inline constexpr const char* conditional_guarantee = "conditional";

/// Whether hashes are as many as samples and ascending.
bool sound_hashes(const std::vector<std::uint64_t>& hashes, std::int64_t samples);

/// Whether the numbers are in range; 2^40 keeps their sums in 64 bits.
inline bool sound(const CalibrationSamples& from) {
  constexpr std::int64_t most = std::int64_t{1} << 40;
  const auto within = [](std::int64_t value, std::int64_t least) { return value >= least && value <= most; };
  return within(from.first, 0) && within(from.samples, 1) && within(from.steps, 1) && from.seed >= 0;
}

}  // namespace rheobase
