#pragma once

#include <vector>

#include "neurons/lif.h"
#include "neurons/lif_step.h"
#include "sim/op/host/host_kernel.h"

namespace rheobase {

/// State: the potential, float32 [pixel][channel].
NodePlan plan_lif(const NodeContext& context);
MakeHostKernel make_lif_reference;
MakeHostKernel make_lif_cpu;

/// Constants of neurons that stand side by side, as vector kernels take them. Not owned.
template <class Number>
struct LifNeurons {
  const Number *decay, *v_leak, *v_threshold, *v_reset;

  LifNeurons from(std::int64_t c) const { return {decay + c, v_leak + c, v_threshold + c, v_reset + c}; }
  LifNeuron<Number> operator[](std::int64_t c) const {
    return {decay[c], v_leak[c], v_threshold[c], v_reset[c]};
  }
};

/// Their owner: one number a channel.
template <class Number>
struct LifChannels {
  std::vector<Number> decay, v_leak, v_threshold, v_reset;

  LifNeurons<Number> neurons() const {
    return {decay.data(), v_leak.data(), v_threshold.data(), v_reset.data()};
  }
};

/// What every host kernel of LIF holds: parameters spread over the channels.
class LifKernel : public HostKernel {
 public:
  explicit LifKernel(const NodeContext& context);
  std::size_t scratch_bytes() const override { return ScratchMemory::size<float>(input_.shape.channels); }

 protected:
  SignalSpec input_;
  LifChannels<float> channels_;
  Reset reset_;
};

}  // namespace rheobase
