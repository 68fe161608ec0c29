#pragma once

#include <vector>

#include "sim/cuda/device/device_memory.h"
#include "sim/cuda/executor/device_signals.h"
#include "sim/cuda/executor/look.h"
#include "sim/engine/engine.h"
#include "sim/engine/operation_plan.h"

namespace rheobase::cuda {

/// What is counted of every node's output, as tables of the GPU.
class Counting {
 public:
  Counting(const Plan& plan, const OperationPlan& operations, const EngineOptions& options);

  /// Takes the tables to the GPU, with memory for `slots` slots.
  void allocate(int slots);
  /// Once allocated.
  const CountedWork& work() const { return work_; }
  /// How to look at a node.
  LookedAt look(int node, const SignalView& signal) const;
  std::size_t bytes_per_slot() const;

 private:
  struct Node {
    LookedAt look;
    DeviceTable<std::uint32_t> fan_out;
  };

  void count_operations(const Plan& plan, const OperationPlan& operations);

  std::vector<SignalSpec> signals_;  // by node
  std::vector<Node> nodes_;          // by node
  std::vector<CountedNode> counted_;
  std::vector<std::int32_t> reader_synapses_;
  CountedWork work_;
  DeviceTable<CountedNode> counted_table_;
  DeviceTable<std::int32_t> synapse_table_;
  DeviceMemory slots_work_, slots_synapses_;
};

}  // namespace rheobase::cuda
