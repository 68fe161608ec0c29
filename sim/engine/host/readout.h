#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sim/engine/plan.h"

namespace rheobase {

/// The logits of every slot: the readout summed over the steps taken, from its start; where the network has
/// running values t times that sum, so that logits mean the same in both. After `delay` steps the sums begin
/// anew. In fixed arithmetic the sum is an
/// integer, and a logit is rounded to float32 once.
class Readout {
 public:
  Readout(const Plan& plan, int slots, int delay);

  int classes() const { return classes_; }
  void clear(int slot);
  /// Adds one lane of the output.
  void add(int slot, int lane, const SignalView& output);
  std::span<const float> logits(int slot) const {
    return std::span(logits_).subspan(static_cast<std::size_t>(slot) * classes_, classes_);
  }

 private:
  void begin(int slot);

  int classes_;
  bool fixed_, running_;
  int delay_;
  std::vector<float> start_;        // one a class
  std::vector<double> units_;       // one a class
  std::vector<float> logits_;       // [slot][K]
  std::vector<float> values_;       // [slot][K], float32: the sums, where they run
  std::vector<std::int64_t> sums_;  // [slot][K], fixed arithmetic
  std::vector<int> steps_;          // [slot]
};

}  // namespace rheobase
