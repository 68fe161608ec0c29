#pragma once

#include <cstdint>
#include <vector>

#include "sim/op/host/host_kernel.h"

namespace rheobase {

NodePlan plan_sign(const NodeContext& context);
MakeHostKernel make_sign_reference;
MakeHostKernel make_sign_cpu;

/// What every host kernel of Sign holds.
class SignKernel : public HostKernel {
 public:
  explicit SignKernel(const NodeContext& context);
  std::size_t scratch_bytes() const override { return ScratchMemory::size<float>(input_.shape.channels); }

 protected:
  SignalSpec input_;
  std::vector<float> threshold_;  ///< one a channel
};

}  // namespace rheobase
