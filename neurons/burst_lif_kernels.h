#pragma once

#include <cstdint>
#include <vector>

#include "neurons/burst_lif.h"
#include "neurons/burst_lif_step.h"
#include "sim/op/host/host_kernel.h"

namespace rheobase {

/// State: the potential, float32 [pixel][channel]. Emits numbers of spikes as float32, with the height as
/// their scale.
NodePlan plan_burst_lif(const NodeContext& context);
MakeHostKernel make_burst_lif_reference;
MakeHostKernel make_burst_lif_cpu;

/// Constants of neurons that stand side by side, as vector kernels take them. Not owned.
struct BurstLifNeurons {
  const float *decay, *v_threshold, *v_min;
  float most;

  BurstLifNeurons from(std::int64_t c) const { return {decay + c, v_threshold + c, v_min + c, most}; }
  BurstLifNeuron<float> operator[](std::int64_t c) const {
    return {decay[c], v_threshold[c], v_min[c], most};
  }
};

/// Neurons of pixels that lie side by side, as vector kernels take them; strides in floats. Not owned.
struct BurstRows {
  float* v;
  const float* x;
  float* spikes;
  std::int64_t pixels, channels, stride, x_stride;
};

/// What every host kernel of BurstLIF holds: parameters spread over the channels.
class BurstLifKernel : public HostKernel {
 public:
  explicit BurstLifKernel(const NodeContext& context);
  std::size_t scratch_bytes() const override { return ScratchMemory::size<float>(input_.shape.channels); }

 protected:
  BurstLifNeurons neurons() const { return {decay_.data(), v_threshold_.data(), v_min_.data(), most_}; }

  SignalSpec input_;

 private:
  std::vector<float> decay_, v_threshold_, v_min_;  // one a channel
  float most_;
};

}  // namespace rheobase
