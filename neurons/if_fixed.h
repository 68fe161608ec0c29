#pragma once

#include <cstdint>
#include <memory>

#include "neurons/if.h"
#include "sim/op/kernel.h"

namespace rheobase {

std::unique_ptr<Kernel> make_if_fixed_reference(const KernelContext& context);
std::unique_ptr<Kernel> make_if_fixed_cpu(const KernelContext& context);

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

/// What every host kernel of IF in fixed arithmetic holds. State: int32 [pixel][channels rounded up to 16];
/// the neurons that only pad never fire.
class IfFixedKernel : public Kernel {
 public:
  explicit IfFixedKernel(const KernelContext& context);
  SignalSpec output() const override;
  std::size_t state_size() const override;
  std::size_t scratch_bytes() const override { return ScratchMemory::size<std::int32_t>(row_); }
  bool is_neuron() const override { return true; }
  void reset(std::span<std::byte> state) const override;
  /// The potential moves by at most the bound of the current in a step.
  std::int64_t max_steps() const override;

 protected:
  SignalSpec input_;
  std::int64_t row_;                                ///< state of one pixel, a multiple of 16
  std::vector<std::int32_t> v_threshold_, v_init_;  ///< one a channel, `row_` long
  Reset reset_;
  std::int32_t v_reset_;
};

}  // namespace rheobase
