#pragma once

#include <span>

#include "binarize/estimators/estimator.h"

namespace rheobase {

/// Estimating error of one layer (Wu et al., ICCV 2023): the L2 norm, not squared, of F(w) - sign(w).
/// The authors take F at the end of its schedule, whatever the epoch.
double estimating_error(const SignEstimator& estimator, std::span<const float> weights);

/// Gradient instability of one layer (same paper): the unbiased variance of |g| over all weights' gradients
/// of one mini-batch. 0 for fewer than two.
double gradient_instability(std::span<const float> gradients);

}  // namespace rheobase
