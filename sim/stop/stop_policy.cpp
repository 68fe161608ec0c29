#include "sim/stop/stop_policy.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "sim/core/error.h"
#include "sim/stop/confidence.h"

namespace rheobase {
namespace {

class Never : public StopPolicy {
 public:
  bool stop(std::span<const float>, int, StopMemory&) const override { return false; }
};

// A number read off the logits and a comparison with the step's threshold.
template <class Score, class Compare>
class Thresholded : public StopPolicy {
 public:
  // `thresholds`: of steps 1, 2, ...; the last one for all later steps.
  Thresholded(double alpha, std::vector<float> thresholds, Score score, Compare compare)
      : inverse_alpha_(static_cast<float>(1.0 / alpha)),
        thresholds_(std::move(thresholds)),
        score_(score),
        compare_(compare) {}

  bool stop(std::span<const float> sum, int t, StopMemory&) const override {
    const float threshold = thresholds_[std::min<std::size_t>(t, thresholds_.size()) - 1];
    return compare_(score_(sum.data(), static_cast<int>(sum.size()), inverse_alpha_), threshold);
  }

 private:
  float inverse_alpha_;
  std::vector<float> thresholds_;
  Score score_;
  Compare compare_;
};

class Stable : public StopPolicy {
 public:
  explicit Stable(int steps) : steps_(steps) {}

  bool stop(std::span<const float> sum, int, StopMemory& memory) const override {
    const int top = argmax(sum);
    memory.steps_unchanged = top == memory.top1 ? memory.steps_unchanged + 1 : 1;
    memory.top1 = top;
    return memory.steps_unchanged >= steps_;
  }

 private:
  int steps_;
};

// The thresholds of steps 1, 2, ..., the last one for all later steps.
std::vector<double> thresholds_of(const StopSettings& settings) {
  std::vector<double> all = settings.early_thresholds;
  all.push_back(settings.threshold);
  return all;
}

[[noreturn]] void refuse_threshold(const StopSettings& settings, double threshold, const char* range) {
  throw InputError("--threshold", fmt::format("{}", threshold),
                   fmt::format("the policy {} takes {}", settings.policy, range));
}

void expect_thresholds(const StopSettings& settings, double most, const char* range) {
  for (const double threshold : thresholds_of(settings)) {
    if (!(threshold >= 0.0 && threshold <= most)) refuse_threshold(settings, threshold, range);
  }
}

void expect_fractions(const StopSettings& settings) { expect_thresholds(settings, 1.0, "0 to 1"); }

// The reciprocal must be a normal float32 too.
void expect_alpha(const StopSettings& settings) {
  if (settings.alpha >= 1e-30 && settings.alpha <= 1e30) return;
  throw InputError("--alpha", fmt::format("{}", settings.alpha), "expected more than 0 (1e-30 to 1e30)");
}

template <class Score, class Compare>
std::unique_ptr<StopPolicy> thresholded(double alpha, const std::vector<double>& thresholds, Score score,
                                        Compare compare) {
  return std::make_unique<Thresholded<Score, Compare>>(
      alpha, std::vector<float>(thresholds.begin(), thresholds.end()), score, compare);
}

std::unique_ptr<StopPolicy> make_stable(const StopSettings& settings) {
  const double steps = settings.threshold;
  if (!(steps >= 1.0 && steps <= 1e9 && steps == std::floor(steps)))
    refuse_threshold(settings, steps, "a whole number of steps, 1 or more");
  if (!settings.early_thresholds.empty())
    refuse_threshold(settings, settings.early_thresholds.front(), "one threshold for all steps");
  return std::make_unique<Stable>(static_cast<int>(steps));
}

}  // namespace

std::unique_ptr<StopPolicy> make_stop_policy(const StopSettings& settings) {
  constexpr double largest = 1e30;
  constexpr auto above = [](float score, float threshold) { return score > threshold; };
  constexpr auto below = [](float score, float threshold) { return score < threshold; };
  expect_alpha(settings);
  if (settings.policy == "never") return std::make_unique<Never>();
  if (settings.policy == "stable") return make_stable(settings);
  std::vector<double> thresholds = thresholds_of(settings);
  if (settings.policy == "confidence") {
    expect_fractions(settings);
    // confidence > threshold, by way of the complements of both
    for (double& threshold : thresholds) threshold = 1.0 - threshold;
    return thresholded(settings.alpha, thresholds, softmax_doubt, below);
  }
  if (settings.policy == "margin") {
    expect_thresholds(settings, largest, "0 to 1e30");
    return thresholded(settings.alpha, thresholds, logit_margin, above);
  }
  if (settings.policy == "entropy") {
    expect_fractions(settings);
    return thresholded(settings.alpha, thresholds, normalised_entropy, below);
  }
  throw InputError("--stop", settings.policy, "expected never, confidence, margin, entropy or stable");
}

int argmax(std::span<const float> values) { return argmax(values.data(), static_cast<int>(values.size())); }

}  // namespace rheobase
