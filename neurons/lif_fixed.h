#pragma once

#include <cstdint>

#include "neurons/lif_kernels.h"

namespace rheobase {

/// State: the potential, int32 [pixel][channels rounded up to 16]. A decay below 1 keeps it within bounds for
/// ever; where these leave int32, and at decay 1, the bound of the current bounds the steps.
NodePlan plan_lif_fixed(const NodeContext& context);
MakeHostKernel make_lif_fixed_reference;
MakeHostKernel make_lif_fixed_cpu;

/// What every host kernel of LIF in fixed arithmetic holds; the neurons that only pad never fire.
class LifFixedKernel : public HostKernel {
 public:
  explicit LifFixedKernel(const NodeContext& context);
  std::size_t scratch_bytes() const override { return ScratchMemory::size<std::int32_t>(row_); }

 protected:
  SignalSpec input_;
  std::int64_t row_;                    ///< state of one pixel, a multiple of 16
  LifChannels<std::int32_t> channels_;  ///< `row_` long; decays in units of 2^-lif_decay_bits
  Reset reset_;
};

}  // namespace rheobase
