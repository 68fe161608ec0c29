#pragma once

#include <cstdint>
#include <vector>

#include "neurons/li.h"
#include "neurons/lif_step.h"
#include "sim/op/host/host_kernel.h"

namespace rheobase {

/// State: the potential, float32 [pixel][channel]. Emits it as float32.
NodePlan plan_li(const NodeContext& context);
MakeHostKernel make_li_reference;
MakeHostKernel make_li_cpu;

/// One time step of a leaky integrator; returns what it emits. The statement of the equation that reference
/// and CUDA kernels share, in this order of operations, each rounded:
///   v <- (v_leak + (v - v_leak) * decay) + x
RHEOBASE_HD inline float li_step(float& v, float x, float decay, float v_leak) {
  v = (v_leak + decayed(v - v_leak, decay)) + x;
  return v;
}

/// What every host kernel of LI holds: parameters spread over the channels.
class LiKernel : public HostKernel {
 public:
  explicit LiKernel(const NodeContext& context);
  std::size_t scratch_bytes() const override { return ScratchMemory::size<float>(input_.shape.channels); }

 protected:
  SignalSpec input_;
  std::vector<float> decay_, v_leak_;  ///< one a channel
};

}  // namespace rheobase
