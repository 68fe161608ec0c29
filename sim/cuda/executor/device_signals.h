#pragma once

#include <vector>

#include "sim/cuda/device/device_memory.h"
#include "sim/engine/plan.h"

namespace rheobase::cuda {

/// The signals and states of a plan in memory of the GPU, an entry for every slot. A state needs no start: a
/// kernel takes the first one instead where a sample is in its first step.
class DeviceSignals {
 public:
  DeviceSignals(const Plan& plan, int slots);

  SignalView signal(int node) const { return signals_[node]; }
  SignalView state(int node) const { return states_[node]; }
  /// Of one slot.
  static std::size_t bytes(const Plan& plan);

 private:
  std::vector<DeviceMemory> memory_;
  std::vector<SignalView> signals_, states_;  // by node
};

}  // namespace rheobase::cuda
