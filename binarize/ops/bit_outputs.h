#pragma once

#include <cstdint>

namespace rheobase {

// Vector kernels of what follows the sums of a binary synapse.

/// y[c] = scale[c] * x + shift[c], x = sums[c] or max(sums[c], 0); and + addend[c] where there is one.
struct RealOutput {
  const float* scale = nullptr;
  const float* shift = nullptr;
  bool rectify = false;
};
void write_reals(const RealOutput& output, const std::int32_t* sums, std::int64_t channels,
                 const float* addend, float* y);

/// sums[p][c] = scale[c] * sums[p][c] + shift[c], for rows of a multiple of 16.
void scale_sums(const std::int32_t* scale, const std::int32_t* shift, std::int64_t pixels, std::int64_t width,
                std::int32_t* sums);

}  // namespace rheobase
