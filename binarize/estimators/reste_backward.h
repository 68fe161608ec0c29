#pragma once

#include <cstdint>

#include "binarize/estimators/equations.h"

namespace rheobase::estimators {

/// dx[i] = g(x[i]) * dy[i] (+ dx[i]) on vectors, within 2^-20 of the equation.
void reste_backward(const ReSTE<float>& reste, const float* x, const float* dy, float* dx, std::int64_t count,
                    bool accumulate);

}  // namespace rheobase::estimators
