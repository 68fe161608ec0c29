#include "binarize/train/binary_weights.h"

#include <algorithm>
#include <cmath>

namespace rheobase {
namespace {

// Calls f on the consecutive equal parts of `values`.
template <class T, class Function>
void for_parts(std::span<T> values, std::int64_t parts, const Function& f) {
  const std::size_t width = values.size() / static_cast<std::size_t>(parts);
  for (std::int64_t part = 0; part < parts; ++part)
    f(part, values.subspan(static_cast<std::size_t>(part) * width, width));
}

template <class Term>
double mean_of(std::size_t count, const Term& term) {
  double sum = 0.0;
  for (std::size_t i = 0; i < count; ++i) sum += term(i);
  return sum / static_cast<double>(count);
}

}  // namespace

BinaryWeights::BinaryWeights(const EstimatorSettings& settings, bool scale_per_channel)
    : estimator_(make_estimator(settings, SignRole::weights)), scale_per_channel_(scale_per_channel) {}

BinaryWeights::Standardized BinaryWeights::signed_values(const Tensor& latent) const {
  Standardized result{latent.reals(), {}};
  if (!estimator_->standardizes_weights()) return result;
  result.deviation.resize(latent.shape.at(0));
  for_parts(std::span(result.values), latent.shape[0], [&](std::int64_t channel, std::span<float> w) {
    const double mean = mean_of(w.size(), [&](std::size_t i) { return w[i]; });
    const double variance = mean_of(w.size(), [&](std::size_t i) { return (w[i] - mean) * (w[i] - mean); });
    const double deviation = std::sqrt(variance) + 1e-12;
    for (float& value : w) value = static_cast<float>((value - mean) / deviation);
    result.deviation[channel] = static_cast<float>(deviation);
  });
  return result;
}

std::vector<float> BinaryWeights::binarized(const Tensor& latent) {
  weights_ = signed_values(latent);
  std::vector<float> result = weights_.values;
  for_parts(std::span(result), groups(latent), [](std::int64_t, std::span<float> w) {
    const auto alpha = static_cast<float>(mean_of(w.size(), [&](std::size_t i) { return std::abs(w[i]); }));
    for (float& value : w) value = alpha * sign_of(value);
  });
  return result;
}

void BinaryWeights::gradient(const Tensor& latent, std::span<const float> binarized,
                             std::span<float> result) const {
  estimator_->backward(weights_.values, binarized, result, false);
  for_parts(result, groups(latent), [&](std::int64_t group, std::span<float> g) {
    const std::size_t first = static_cast<std::size_t>(group) * g.size();
    const std::span<const float> w = std::span(weights_.values).subspan(first, g.size());
    const std::span<const float> d = binarized.subspan(first, g.size());
    const double alpha = mean_of(g.size(), [&](std::size_t i) { return std::abs(w[i]); });
    const double by_alpha = mean_of(g.size(), [&](std::size_t i) { return d[i] * sign_of(w[i]); });
    for (std::size_t i = 0; i < g.size(); ++i)
      g[i] = static_cast<float>(alpha * g[i] + by_alpha * sign_of(w[i]));
  });
  if (estimator_->standardizes_weights()) gradient_of_standardized(result);
}

// u = (w - mean) / deviation: dw = (du - mean(du) - u mean(du u)) / deviation.
void BinaryWeights::gradient_of_standardized(std::span<float> gradient) const {
  for_parts(gradient, static_cast<std::int64_t>(weights_.deviation.size()),
            [&](std::int64_t channel, std::span<float> g) {
              const std::span<const float> u =
                  std::span(weights_.values).subspan(static_cast<std::size_t>(channel) * g.size(), g.size());
              const double mean = mean_of(g.size(), [&](std::size_t i) { return g[i]; });
              const double along = mean_of(g.size(), [&](std::size_t i) { return g[i] * u[i]; });
              for (std::size_t i = 0; i < g.size(); ++i)
                g[i] = static_cast<float>((g[i] - mean - u[i] * along) / weights_.deviation[channel]);
            });
}

}  // namespace rheobase
