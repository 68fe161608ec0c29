#pragma once

#include <cstdint>

namespace rheobase {

/// y = min(max(x, 0), max) of `count` numbers on vectors; 0 where x is no number.
void relu_row(const float* x, float max, std::int64_t count, float* y);

}  // namespace rheobase
