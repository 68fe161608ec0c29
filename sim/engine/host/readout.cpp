#include "sim/engine/host/readout.h"

#include <algorithm>

#include "sim/engine/readout_step.h"

namespace rheobase {

Readout::Readout(const Plan& plan, int slots, int delay)
    : classes_(static_cast<int>(plan.nodes[plan.output].output.shape.size())),
      fixed_(plan.arithmetic == Arithmetic::fixed),
      running_(plan.running),
      delay_(delay),
      start_(plan.start),
      units_(plan.units.begin(), plan.units.end()),
      logits_(static_cast<std::size_t>(slots) * classes_),
      values_(logits_.size()),
      sums_(fixed_ ? logits_.size() : 0),
      steps_(slots) {
  if (units_.size() == 1) units_.resize(classes_, units_[0]);
}

void Readout::clear(int slot) {
  begin(slot);
  steps_[slot] = 0;
}

void Readout::begin(int slot) {
  std::copy(start_.begin(), start_.end(), logits_.begin() + slot * classes_);
  std::copy(start_.begin(), start_.end(), values_.begin() + slot * classes_);
  if (fixed_) std::fill_n(sums_.begin() + slot * classes_, classes_, 0);
}

void Readout::add(int slot, int lane, const SignalView& output) {
  const int step = ++steps_[slot];
  if (delay_ > 0 && step == delay_ + 1) begin(slot);
  const int factor = running_ ? step : 1;
  float* logits = logits_.data() + slot * classes_;
  if (!fixed_) {
    float* values = values_.data() + slot * classes_;
    for (int k = 0; k < classes_; ++k) {
      values[k] += output.real(lane)[k];
      logits[k] = values[k] * static_cast<float>(factor);
    }
    return;
  }
  std::int64_t* sums = sums_.data() + slot * classes_;
  for (int k = 0; k < classes_; ++k) {
    sums[k] += output.int32(lane)[k];
    logits[k] = logit_of(sums[k], units_[k], start_[k], factor);
  }
}

}  // namespace rheobase
