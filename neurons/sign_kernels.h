#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "sim/op/kernel.h"

namespace rheobase {

std::unique_ptr<Kernel> make_sign_reference(const KernelContext& context);
std::unique_ptr<Kernel> make_sign_cpu(const KernelContext& context);

/// What every host kernel of Sign holds. Its output is bits: set where +1.
class SignKernel : public Kernel {
 public:
  explicit SignKernel(const KernelContext& context);
  SignalSpec output() const override { return {SignalType::signs, input_.shape, {1.0F}, false}; }
  std::size_t scratch_bytes() const override { return ScratchMemory::size<float>(input_.shape.channels); }
  bool is_neuron() const override { return true; }

 protected:
  SignalSpec input_;
  std::vector<float> threshold_;  ///< one a channel
};

}  // namespace rheobase
