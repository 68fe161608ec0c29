#include "sim/stop/stop_policy.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "sim/core/error.h"
#include "sim/stop/confidence.h"

namespace rheobase {
namespace {

class Never : public StopPolicy {
 public:
  bool stop(std::span<const float>, int, StopMemory&) const override { return false; }
};

// A number read off the logits and a comparison with the threshold.
template <class Score, class Compare>
class Thresholded : public StopPolicy {
 public:
  Thresholded(const StopSettings& settings, Score score, Compare compare)
      : inverse_alpha_(static_cast<float>(1.0 / settings.alpha)),
        threshold_(static_cast<float>(settings.threshold)),
        score_(score),
        compare_(compare) {}

  bool stop(std::span<const float> sum, int, StopMemory&) const override {
    return compare_(score_(sum.data(), static_cast<int>(sum.size()), inverse_alpha_), threshold_);
  }

 private:
  float inverse_alpha_;
  float threshold_;
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

void expect_threshold(const StopSettings& settings, bool sound, const char* range) {
  if (sound) return;
  throw InputError("--threshold", fmt::format("{}", settings.threshold),
                   fmt::format("the policy {} takes {}", settings.policy, range));
}

void expect_fraction(const StopSettings& settings) {
  expect_threshold(settings, settings.threshold >= 0.0 && settings.threshold <= 1.0, "0 to 1");
}

// The reciprocal must be a normal float32 too.
void expect_alpha(const StopSettings& settings) {
  if (settings.alpha >= 1e-30 && settings.alpha <= 1e30) return;
  throw InputError("--alpha", fmt::format("{}", settings.alpha), "expected more than 0 (1e-30 to 1e30)");
}

template <class Score, class Compare>
std::unique_ptr<StopPolicy> thresholded(const StopSettings& settings, Score score, Compare compare) {
  return std::make_unique<Thresholded<Score, Compare>>(settings, score, compare);
}

}  // namespace

std::unique_ptr<StopPolicy> make_stop_policy(const StopSettings& settings) {
  constexpr double largest = 1e30;
  constexpr auto above = [](float score, float threshold) { return score > threshold; };
  constexpr auto below = [](float score, float threshold) { return score < threshold; };
  expect_alpha(settings);
  if (settings.policy == "never") return std::make_unique<Never>();
  if (settings.policy == "confidence") {
    expect_fraction(settings);
    StopSettings complement = settings;  // confidence > threshold, by way of the complements of both
    complement.threshold = 1.0 - settings.threshold;
    return thresholded(complement, softmax_doubt, below);
  }
  if (settings.policy == "margin") {
    expect_threshold(settings, settings.threshold >= 0.0 && settings.threshold <= largest, "0 to 1e30");
    return thresholded(settings, logit_margin, above);
  }
  if (settings.policy == "entropy") {
    expect_fraction(settings);
    return thresholded(settings, normalised_entropy, below);
  }
  if (settings.policy == "stable") {
    const bool sound = settings.threshold >= 1.0 && settings.threshold <= 1e9 &&
                       settings.threshold == std::floor(settings.threshold);
    expect_threshold(settings, sound, "a whole number of steps, 1 or more");
    return std::make_unique<Stable>(static_cast<int>(settings.threshold));
  }
  throw InputError("--stop", settings.policy, "expected never, confidence, margin, entropy or stable");
}

int argmax(std::span<const float> values) { return argmax(values.data(), static_cast<int>(values.size())); }

}  // namespace rheobase
