#pragma once

#include <span>
#include <string>
#include <vector>

#include "sim/stop/stop_rule.h"

namespace rheobase {

/// A stop rule by name, as the command line and the model file spell it.
struct StopSettings {
  std::string policy = "never";  ///< never, confidence, margin, entropy, stable
  double alpha = 1.0;            ///< scale of the accumulated logits before softmax; more than 0
  double threshold = 0.0;        ///< meaning by policy, see make_stop_policy()
  /// The thresholds of steps 1, 2, ..., one each; `threshold` holds from there on.
  std::vector<double> early_thresholds = {};
  /// Delayed read-out: the logits add up the steps behind the first so many, in which no sample stops. Until
  /// then they are the sums so far. An engine that the rule runs on has the same (EngineOptions).
  int readout_delay = 0;

  bool operator==(const StopSettings&) const = default;
};

/// Decides after each step whether a sample is done: a rule with the memory that its thresholds lie in. One
/// policy serves all samples and threads.
class StopPolicy {
 public:
  /// The policy `never`.
  StopPolicy() = default;
  /// `thresholds`: of steps 1, 2, ..., the last for all later steps. `rule.thresholds` is not read.
  StopPolicy(StopRule rule, std::vector<float> thresholds);

  /// Valid as long as the policy.
  StopRule rule() const;
  /// `sum` holds the logits accumulated by step t, K >= 1 numbers.
  bool stop(std::span<const float> sum, int t, StopMemory& memory) const {
    return stops(rule(), sum.data(), static_cast<int>(sum.size()), t, memory);
  }

 private:
  StopRule rule_;
  std::vector<float> thresholds_;
};

/// Builds a policy; throws InputError naming the option on an unknown name or a number out of range (in
/// brackets). The arithmetic is float32 in a fixed order (confidence.h), so every device stops alike.
///   never        runs to the budget
///   confidence   max softmax(sum / alpha) > threshold [0, 1]             (Li, Jones, Furber, ICCV 2023)
///   margin       (largest - second largest of sum) / alpha > threshold [0, 1e30]    (Wu et al., cutoff)
///   entropy      H(softmax(sum / alpha)) / ln K < threshold [0, 1]               (DT-SNN, DAC 2023)
///   stable       the largest logit has been the same for `threshold` [1, 2, ...] consecutive steps
/// A readout delay is 0 to 2^20 steps; `stable` counts the steps behind it.
/// Early thresholds may be given for all of them but `stable`, in the same ranges.
/// A confidence threshold may be as close to 1 as a double: what is compared is 1 - confidence.
/// A single class leaves nothing to decide: confidence 1, margin infinite, entropy 0.
StopPolicy make_stop_policy(const StopSettings& settings);

/// Index of the largest value, the first of equals.
int argmax(std::span<const float> values);

}  // namespace rheobase
