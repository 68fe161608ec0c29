#pragma once

#include <cstddef>
#include <string>

#include "sim/graph/op_schema.h"

namespace rheobase {

// What the writer and the reader of a model file agree on beyond docs/reference/model-file.md.

/// Node groups have six digits, so that their names sort as their numbers.
inline constexpr std::size_t max_nodes = 1'000'000;
std::string node_group_name(std::size_t number);

/// Appends a fault, seen at `where`, for a name of no arithmetic.
void check_arithmetic_name(const std::string& name, const std::string& where, Faults& faults);
/// Appends a fault, seen at `where`, where the name of an arithmetic is not that of the graph's.
void check_arithmetic_of(const Graph& graph, const std::string& name, const std::string& where,
                         Faults& faults);

}  // namespace rheobase
