#include "experiments/analysis/reliability.h"

#include <algorithm>
#include <cmath>

#include "sim/stop/confidence.h"
#include "sim/stop/stop_policy.h"

namespace rheobase {
namespace {

// Mean of -ln softmax(sum / alpha)[label].
double negative_log_likelihood(const Recording& recording, int t, double alpha) {
  double total = 0.0;
  for (std::int64_t row = 0; row < recording.info.samples; ++row) {
    const auto sum = recording.logits_at(row, t);
    const double top = *std::max_element(sum.begin(), sum.end());
    double others = 0.0;
    for (const float value : sum) others += std::exp((value - top) / alpha);
    total += std::log(others) - (sum[recording.labels[row]] - top) / alpha;
  }
  return total / static_cast<double>(recording.info.samples);
}

}  // namespace

Reliability reliability(const Recording& recording, int t, double alpha, int bins) {
  Reliability result;
  result.bins.resize(bins);
  const auto inverse_alpha = static_cast<float>(1.0 / alpha);
  for (std::int64_t row = 0; row < recording.info.samples; ++row) {
    const auto sum = recording.logits_at(row, t);
    const double confidence = max_softmax(sum.data(), static_cast<int>(sum.size()), inverse_alpha);
    const auto index = static_cast<int>(std::ceil(confidence * bins)) - 1;
    ReliabilityBin& bin = result.bins[std::clamp(index, 0, bins - 1)];
    ++bin.samples;
    bin.confidence += confidence;
    bin.accuracy += argmax(sum) == recording.labels[row] ? 1.0 : 0.0;
  }
  for (ReliabilityBin& bin : result.bins) {
    if (bin.samples == 0) continue;
    result.ece += std::abs(bin.accuracy - bin.confidence) / static_cast<double>(recording.info.samples);
    bin.confidence /= static_cast<double>(bin.samples);
    bin.accuracy /= static_cast<double>(bin.samples);
  }
  return result;
}

// The likelihood is convex in 1 / alpha, so it has one minimum along ln alpha: golden sections.
double fitted_alpha(const Recording& recording, int t) {
  constexpr double golden = 0.6180339887498949;
  double low = std::log(1e-3);
  double high = std::log(1e3);
  double left = high - golden * (high - low);
  double right = low + golden * (high - low);
  double at_left = negative_log_likelihood(recording, t, std::exp(left));
  double at_right = negative_log_likelihood(recording, t, std::exp(right));
  while (high - low > 1e-4) {
    if (at_left <= at_right) {
      high = right;
      right = left;
      at_right = at_left;
      left = high - golden * (high - low);
      at_left = negative_log_likelihood(recording, t, std::exp(left));
    } else {
      low = left;
      left = right;
      at_left = at_right;
      right = low + golden * (high - low);
      at_right = negative_log_likelihood(recording, t, std::exp(right));
    }
  }
  return std::exp(0.5 * (low + high));
}

std::vector<StepReliability> reliability_by_step(const Recording& recording, double alpha) {
  std::vector<StepReliability> result;
  const auto T = static_cast<int>(recording.info.steps);
  for (int t = 1; result.empty() || result.back().step < T; t = std::min(2 * t, T)) {
    const Reliability found = reliability(recording, t, alpha);
    StepReliability row;
    row.step = t;
    row.ece = found.ece;
    for (const ReliabilityBin& bin : found.bins) {
      const double share = static_cast<double>(bin.samples) / static_cast<double>(recording.info.samples);
      row.accuracy += share * bin.accuracy;
      row.confidence += share * bin.confidence;
    }
    row.fitted_alpha = fitted_alpha(recording, t);
    row.fitted_ece = reliability(recording, t, row.fitted_alpha).ece;
    result.push_back(row);
  }
  return result;
}

}  // namespace rheobase
