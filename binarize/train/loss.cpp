#include "binarize/train/loss.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace rheobase {

LossSum cross_entropy(std::span<const float> logits, std::span<const int> labels, double smoothing,
                      double weight, std::span<float> gradient) {
  const std::size_t classes = labels.empty() ? 0 : logits.size() / labels.size();
  std::vector<double> shares(classes);
  LossSum result;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const std::span<const float> z = logits.subspan(i * classes, classes);
    const auto largest = std::max_element(z.begin(), z.end());
    double sum = 0.0;
    for (std::size_t k = 0; k < classes; ++k)
      sum += shares[k] = std::exp(static_cast<double>(z[k]) - *largest);
    const double log_sum = std::log(sum) + *largest;
    const auto label = static_cast<std::size_t>(labels[i]);
    result.correct += largest - z.begin() == labels[i] ? 1 : 0;
    for (std::size_t k = 0; k < classes; ++k) {
      const double target = smoothing / static_cast<double>(classes) + (k == label ? 1.0 - smoothing : 0.0);
      result.loss += target * (log_sum - z[k]);
      if (!gradient.empty())
        gradient[i * classes + k] = static_cast<float>(weight * (shares[k] / sum - target));
    }
  }
  return result;
}

}  // namespace rheobase
