#pragma once

#include <cstdint>

namespace rheobase {

// Vector kernels over the currents of fixed arithmetic.

/// values[i] >>= bits, towards minus infinity.
void shift_right(std::int32_t* values, std::int64_t count, int bits);

/// The numbers that are added to a tile: `step` numbers from one pixel to the next.
template <class Number>
struct AddedNumbers {
  const Number* values;
  std::int64_t step;
};
/// currents[p][c] += scale[c] * values[p][c] + shift[c] for the first `channels` of `width` columns.
void add_scaled(const AddedNumbers<std::int16_t>& numbers, const std::int32_t* scale,
                const std::int32_t* shift, std::int64_t pixels, std::int64_t channels, std::int64_t width,
                std::int32_t* currents);
void add_scaled(const AddedNumbers<std::int32_t>& numbers, const std::int32_t* scale,
                const std::int32_t* shift, std::int64_t pixels, std::int64_t channels, std::int64_t width,
                std::int32_t* currents);

}  // namespace rheobase
