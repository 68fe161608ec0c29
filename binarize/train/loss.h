#pragma once

#include <cstdint>
#include <span>

namespace rheobase {

/// Sums over samples.
struct LossSum {
  double loss = 0.0;
  std::int64_t correct = 0;  ///< samples whose label has the largest logit; the first of equals counts
};

/// Cross-entropy of softmax(logits) with the label's share 1 - smoothing and smoothing / K for every class
/// (Szegedy et al., CVPR 2016). `logits` [samples][K]. Writes dloss/dlogits times `weight` to `gradient`
/// unless that is empty.
LossSum cross_entropy(std::span<const float> logits, std::span<const int> labels, double smoothing,
                      double weight, std::span<float> gradient);

}  // namespace rheobase
