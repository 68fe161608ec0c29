#include "sim/engine/host/readout.h"

#include <algorithm>

#include "sim/engine/readout_step.h"

namespace rheobase {

Readout::Readout(const Plan& plan, int slots)
    : classes_(static_cast<int>(plan.nodes[plan.output].output.shape.size())),
      fixed_(plan.arithmetic == Arithmetic::fixed),
      units_(plan.units.begin(), plan.units.end()),
      logits_(static_cast<std::size_t>(slots) * classes_),
      sums_(fixed_ ? logits_.size() : 0) {
  if (units_.size() == 1) units_.resize(classes_, units_[0]);
}

void Readout::clear(int slot) {
  std::fill_n(logits_.begin() + slot * classes_, classes_, 0.0F);
  if (fixed_) std::fill_n(sums_.begin() + slot * classes_, classes_, 0);
}

void Readout::add(int slot, int lane, const SignalView& output) {
  float* logits = logits_.data() + slot * classes_;
  if (!fixed_) {
    for (int k = 0; k < classes_; ++k) logits[k] += output.real(lane)[k];
    return;
  }
  std::int64_t* sums = sums_.data() + slot * classes_;
  for (int k = 0; k < classes_; ++k) {
    sums[k] += output.int32(lane)[k];
    logits[k] = logit_of(sums[k], units_[k]);
  }
}

}  // namespace rheobase
