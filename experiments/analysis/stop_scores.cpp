#include "experiments/analysis/stop_scores.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "sim/core/error.h"
#include "sim/stop/confidence.h"

namespace rheobase {
namespace {

using Score = float (*)(const float* sum, int count, float inverse_alpha);

float negative_doubt(const float* sum, int count, float inverse_alpha) {
  return -softmax_doubt(sum, count, inverse_alpha);
}

float negative_entropy(const float* sum, int count, float inverse_alpha) {
  return -normalised_entropy(sum, count, inverse_alpha);
}

Score score_of(const std::string& policy) {
  if (policy == "confidence") return negative_doubt;
  if (policy == "margin") return logit_margin;
  if (policy == "entropy") return negative_entropy;
  throw InputError("--stop", policy, "expected confidence, margin, entropy or stable");
}

bool is_before_readout(const Recording& recording, std::int64_t t) {
  return t <= recording.info.stop.readout_delay;
}

std::vector<float> steps_unchanged(const Recording& recording) {
  std::vector<float> values;
  for (std::int64_t row = 0; row < recording.info.samples; ++row) {
    int top = -1;
    int unchanged = 0;
    for (std::int64_t t = 1; t <= recording.info.steps; ++t) {
      if (is_before_readout(recording, t)) {
        values.push_back(always_bound);
        continue;
      }
      const int now = argmax(recording.logits_at(row, t));
      unchanged = now == top ? unchanged + 1 : 1;
      top = now;
      values.push_back(static_cast<float>(unchanged));
    }
  }
  return values;
}

std::vector<float> scores_of(const Recording& recording, const std::string& policy, double alpha) {
  if (policy == "stable") return steps_unchanged(recording);
  const Score score = score_of(policy);
  make_stop_policy({policy, alpha, 0.0});  // refuses an alpha that is none
  const auto inverse_alpha = static_cast<float>(1.0 / alpha);
  std::vector<float> values;
  values.reserve(recording.info.samples * recording.info.steps);
  for (std::int64_t row = 0; row < recording.info.samples; ++row) {
    for (std::int64_t t = 1; t <= recording.info.steps; ++t) {
      const auto sum = recording.logits_at(row, t);
      values.push_back(is_before_readout(recording, t)
                           ? always_bound
                           : score(sum.data(), static_cast<int>(sum.size()), inverse_alpha));
    }
  }
  return values;
}

// What the policy's option calls the bound.
double threshold_of(const std::string& policy, float bound) {
  const double value = bound;
  if (policy == "confidence") return std::clamp(1.0 + value, 0.0, 1.0);
  if (policy == "entropy") return std::clamp(-value, 0.0, 1.0);
  if (policy == "stable") return std::clamp(std::floor(value) + 1.0, 1.0, 1e9);
  return std::clamp(value, 0.0, 1e30);
}

float bound_of(const std::string& policy, double threshold) {
  if (policy == "confidence") return -static_cast<float>(1.0 - threshold);
  if (policy == "entropy") return -static_cast<float>(threshold);
  if (policy == "stable") return static_cast<float>(threshold - 0.5);
  return static_cast<float>(threshold);
}

}  // namespace

const float never_bound = std::numeric_limits<float>::infinity();
const float always_bound = -std::numeric_limits<float>::infinity();

StopScores::StopScores(const Recording& recording, const std::string& policy, double alpha)
    : StopScores(recording.info.samples, static_cast<int>(recording.info.steps),
                 scores_of(recording, policy, alpha)) {}

StopScores::StopScores(std::int64_t samples, int steps, std::vector<float> values)
    : samples_(samples), steps_(steps), values_(std::move(values)) {
  if (static_cast<std::int64_t>(values_.size()) != samples * steps)
    throw InternalError("scores are one a sample and step");
}

StopScores StopScores::of(std::span<const std::int64_t> samples) const {
  std::vector<float> values;
  values.reserve(samples.size() * steps_);
  for (const std::int64_t sample : samples) {
    const auto row = values_.begin() + sample * steps_;
    values.insert(values.end(), row, row + steps_);
  }
  return {static_cast<std::int64_t>(samples.size()), steps_, std::move(values)};
}

std::vector<int> StopScores::exits(std::span<const float> bounds) const {
  std::vector<int> result(samples_, steps_);
  for (std::int64_t i = 0; i < samples_; ++i) {
    for (int t = 1; t < steps_; ++t) {
      if (!(at(i, t) > bounds[std::min<std::size_t>(t, bounds.size()) - 1])) continue;
      result[i] = t;
      break;
    }
  }
  return result;
}

float bound_between(float low, float high) {
  const float middle = low + 0.5F * (high - low);
  return middle < high && middle >= low ? middle : low;
}

StopSettings settings_of(const std::string& policy, double alpha, std::span<const float> bounds) {
  StopSettings stop{policy, alpha, threshold_of(policy, bounds.back())};
  for (const float bound : bounds.first(bounds.size() - 1))
    stop.early_thresholds.push_back(threshold_of(policy, bound));
  while (!stop.early_thresholds.empty() && stop.early_thresholds.back() == stop.threshold)
    stop.early_thresholds.pop_back();
  return stop;
}

std::vector<float> bounds_of(const StopSettings& stop) {
  std::vector<float> bounds;
  for (const double threshold : stop.early_thresholds) bounds.push_back(bound_of(stop.policy, threshold));
  bounds.push_back(bound_of(stop.policy, stop.threshold));
  return bounds;
}

}  // namespace rheobase
