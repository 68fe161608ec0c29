#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "sim/format/recording_file.h"
#include "sim/stop/stop_policy.h"

namespace rheobase {

/// What a policy compares with its threshold, for every sample after every step, turned so that the larger is
/// the surer: a sample stops at the first step whose score is above the bound. The scores are the very
/// float32 numbers that the policy computes (sim/stop/confidence.h), always_bound in the steps before a
/// delayed readout:
///   confidence   -(1 - max softmax(sum / alpha))        margin   (largest - second largest of sum) / alpha
///   entropy      -H(softmax(sum / alpha)) / ln K        stable   consecutive steps with the same answer
class StopScores {
 public:
  /// Throws InputError for `never` and unknown policies, and for an alpha out of range.
  StopScores(const Recording& recording, const std::string& policy, double alpha);
  /// `values`: [N][T].
  StopScores(std::int64_t samples, int steps, std::vector<float> values);

  std::int64_t samples() const { return samples_; }
  int steps() const { return steps_; }
  /// After step t = 1..T.
  float at(std::int64_t sample, int t) const { return values_[sample * steps_ + t - 1]; }

  StopScores of(std::span<const std::int64_t> samples) const;

  /// Exit times: the first step t < T with a score above bounds[t - 1], else T.
  std::vector<int> exits(std::span<const float> bounds) const;

 private:
  std::int64_t samples_;
  int steps_;
  std::vector<float> values_;
};

/// No score is above it; every score is.
extern const float never_bound;
extern const float always_bound;

/// A number between two neighbouring scores, low < high: above it is `high` and what is surer.
float bound_between(float low, float high);

/// The rule that stops at the first score above the bound of its step, as exactly as the policy's threshold
/// can say it; the last of the bounds holds on. `stable` takes one bound.
StopSettings settings_of(const std::string& policy, double alpha, std::span<const float> bounds);

/// The bounds that the policy really compares with, one for each of its thresholds: a threshold close to 1
/// has few digits left for 1 - confidence. StopScores::exits() under them is what the policy does, sample by
/// sample.
std::vector<float> bounds_of(const StopSettings& stop);

}  // namespace rheobase
