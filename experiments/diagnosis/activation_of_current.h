#pragma once

#include <memory>
#include <span>
#include <vector>

#include "sim/core/parallel.h"
#include "sim/device/buffer.h"
#include "sim/op/host/host_kernel.h"
#include "sim/op/registry.h"

namespace rheobase {

/// The function of a source network's activation, applied to currents that do not come from its own inputs.
class ActivationOfCurrent {
 public:
  /// Throws InputError naming a node that has a memory.
  ActivationOfCurrent(const Node& node, const ImageShape& shape, const Registry& registry, int slots,
                      int threads);

  /// `currents` and `values` are [slot][value] in the order of storage, of `count` slots.
  void apply(std::span<float> currents, int count, TaskPool& pool, std::span<float> values);

 private:
  SignalSpec input_, output_;
  std::unique_ptr<Kernel> kernel_;
  const HostKernel* host_ = nullptr;
  Buffer stored_, scratch_;
  std::vector<int> lanes_;
  std::vector<SlotLanes> slots_;
};

}  // namespace rheobase
