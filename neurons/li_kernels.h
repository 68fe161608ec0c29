#pragma once

#include <cstdint>
#include <vector>

#include "neurons/li.h"
#include "neurons/lif_step.h"
#include "sim/op/host/host_kernel.h"

namespace rheobase {

/// State: the potential, float32 or int32 [pixel][channel]. Emits it. In fixed arithmetic a decay below 1
/// bounds it; at 1 there is no bound, and such a node is refused.
NodePlan plan_li(const NodeContext& context);
NodePlan plan_li_fixed(const NodeContext& context);
MakeHostKernel make_li_reference;
MakeHostKernel make_li_cpu;
MakeHostKernel make_li_fixed_reference;
MakeHostKernel make_li_fixed_cpu;

/// One time step of a leaky integrator; returns what it emits. The statement of the equation that reference
/// and CUDA kernels share, in this order of operations (of float32, each rounded):
///   v <- (v_leak + (v - v_leak) * decay) + x
/// Number is float, or std::int32_t in fixed arithmetic.
template <class Number>
RHEOBASE_HD inline Number li_step(Number& v, Number x, Number decay, Number v_leak) {
  v = (v_leak + decayed(v - v_leak, decay)) + x;
  return v;
}

/// What every host kernel of LI holds: parameters spread over the channels. Number is float, or std::int32_t
/// in fixed arithmetic.
template <class Number>
class LiKernel : public HostKernel {
 public:
  explicit LiKernel(const NodeContext& context);
  std::size_t scratch_bytes() const override { return ScratchMemory::size<Number>(input_.shape.channels); }

 protected:
  /// One pixel's currents and potentials, and what it emits.
  void step_pixel(const StepArgs& args, int lane, std::int64_t pixel, Number* values) const;

  SignalSpec input_;
  std::vector<Number> decay_, v_leak_;  ///< one a channel
};

}  // namespace rheobase
