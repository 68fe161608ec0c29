#pragma once

#include <vector>

#include "neurons/if.h"
#include "sim/op/host/host_kernel.h"

namespace rheobase {

/// State: the potential, float32 [pixel][channel].
NodePlan plan_if(const NodeContext& context);
MakeHostKernel make_if_reference;
MakeHostKernel make_if_cpu;

/// What every host kernel of IF holds: parameters spread over the channels.
class IfKernel : public HostKernel {
 public:
  explicit IfKernel(const NodeContext& context);
  std::size_t scratch_bytes() const override { return ScratchMemory::size<float>(input_.shape.channels); }

 protected:
  SignalSpec input_;
  std::vector<float> v_threshold_;  ///< one a channel
  Reset reset_;
  float v_reset_;
};

}  // namespace rheobase
