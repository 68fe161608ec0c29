#pragma once

// What files of two arrays, `images` and `labels`, have in common whatever their format.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "sim/core/error.h"
#include "sim/core/shape.h"

namespace rheobase {

inline constexpr std::uint64_t max_samples = std::uint64_t{1} << 28;
inline constexpr std::uint64_t max_sample_values = std::uint64_t{1} << 28;
inline constexpr std::int64_t max_label = 999'999;

/// That of one sample, {C, H, W} or {D}, where `images` is [N, C, H, W], [N, H, W] or [N, D]; empty, with a
/// fault, where it is neither.
Shape sample_shape(std::span<const std::uint64_t> images, std::vector<Fault>& faults);

/// The labels, all from 0 to max_label; empty, with a fault, where one is not.
std::vector<int> as_labels(std::span<const std::int64_t> labels, std::vector<Fault>& faults);

/// Throws InputError naming the first pixel that is infinite or not a number, of samples of `file` from
/// `first` on, each of `values` pixels.
void check_finite(const std::string& file, std::int64_t first, std::int64_t values,
                  std::span<const float> pixels);

}  // namespace rheobase
