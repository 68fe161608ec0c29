#pragma once

#include <cstdint>
#include <vector>

#include "neurons/if.h"
#include "sim/op/host/host_kernel.h"

namespace rheobase {

/// State: the potential, int32 [pixel][channels rounded up to 16]. It moves by at most the bound of the
/// current in a step, which bounds the steps.
NodePlan plan_if_fixed(const NodeContext& context);
MakeHostKernel make_if_fixed_reference;
MakeHostKernel make_if_fixed_cpu;

/// One plane of up to 64 channels over some pixels, as vector kernels take it; strides in elements.
struct IfRows {
  std::int32_t* v;
  const std::int32_t* x;
  const std::int32_t* v_threshold;
  std::uint64_t* spikes;
  std::int64_t pixels;
  std::int64_t channels;  ///< a multiple of 16
  std::int64_t v_stride, x_stride, spike_stride;
  std::int32_t v_reset;
};

/// What every host kernel of IF in fixed arithmetic holds; the neurons that only pad never fire.
class IfFixedKernel : public HostKernel {
 public:
  explicit IfFixedKernel(const NodeContext& context);
  std::size_t scratch_bytes() const override { return ScratchMemory::size<std::int32_t>(row_); }

 protected:
  SignalSpec input_;
  std::int64_t row_;                       ///< state of one pixel, a multiple of 16
  std::vector<std::int32_t> v_threshold_;  ///< one a channel, `row_` long
  Reset reset_;
  std::int32_t v_reset_;
};

}  // namespace rheobase
