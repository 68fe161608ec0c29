#pragma once

#include <cstdint>
#include <memory>

#include "neurons/if.h"
#include "sim/op/kernel.h"

namespace rheobase {

std::unique_ptr<Kernel> make_if_reference(const KernelContext& context);
std::unique_ptr<Kernel> make_if_cpu(const KernelContext& context);

/// What every host kernel of IF holds: parameters spread over the channels, state layout [pixel][channel].
class IfKernel : public Kernel {
 public:
  explicit IfKernel(const KernelContext& context);
  SignalSpec output() const override;
  std::size_t state_size() const override;
  bool is_neuron() const override { return true; }
  void reset(std::span<std::byte> state) const override;
  std::size_t scratch_bytes() const override { return ScratchMemory::size<float>(input_.shape.channels); }

 protected:
  SignalSpec input_;
  std::vector<float> height_;       ///< v_threshold as given: one number or one a channel
  std::vector<float> v_threshold_;  ///< one a channel
  std::vector<float> v_init_;       ///< one a channel
  Reset reset_;
  float v_reset_;
};

}  // namespace rheobase
