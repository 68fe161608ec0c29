#include "binarize/estimators/indicators.h"

#include <cmath>

namespace rheobase {

double estimating_error(const SignEstimator& estimator, std::span<const float> weights) {
  double sum = 0.0;
  for (const float w : weights) {
    const double error = estimator.surrogate(w) - sign_of(w);
    sum += error * error;
  }
  return std::sqrt(sum);
}

double gradient_instability(std::span<const float> gradients) {
  const auto count = static_cast<double>(gradients.size());
  if (gradients.size() < 2) return 0.0;
  double mean = 0.0;
  for (const float g : gradients) mean += std::abs(static_cast<double>(g));
  mean /= count;
  double squares = 0.0;
  for (const float g : gradients) {
    const double deviation = std::abs(static_cast<double>(g)) - mean;
    squares += deviation * deviation;
  }
  return squares / (count - 1);
}

}  // namespace rheobase
