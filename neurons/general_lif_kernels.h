#pragma once

#include <cstdint>
#include <vector>

#include "neurons/general_lif.h"
#include "neurons/general_lif_step.h"
#include "sim/op/host/host_kernel.h"

namespace rheobase {

/// State: the potential, float32 or int32 [pixel][channel]. In fixed arithmetic a decay below 1 keeps it
/// within bounds for ever; where these leave int32, and at decay 1, the bound of the current bounds the
/// steps.
NodePlan plan_general_lif(const NodeContext& context);
NodePlan plan_general_lif_fixed(const NodeContext& context);
MakeHostKernel make_general_lif_reference;
MakeHostKernel make_general_lif_cpu;
MakeHostKernel make_general_lif_fixed_reference;
MakeHostKernel make_general_lif_fixed_cpu;

/// What every host kernel of GeneralLIF holds. Number is float, or std::int32_t in fixed arithmetic.
template <class Number>
class GeneralLifKernel : public HostKernel {
 public:
  explicit GeneralLifKernel(const NodeContext& context);
  std::size_t scratch_bytes() const override { return ScratchMemory::size<Number>(input_.shape.channels); }

 protected:
  GeneralLifNeuron<Number> neuron(std::int64_t c) const {
    return {decay_[c], v_leak_[c], v_threshold_[c], v_drop_[c], v_reset_[c], v_min_[c]};
  }

  SignalSpec input_;
  std::vector<Number> decay_, v_leak_, v_threshold_, v_drop_, v_reset_, v_min_;  // one a channel
  GeneralLifRule rule_;
};

}  // namespace rheobase
