#include "sim/cuda/executor/counting.h"

#include <algorithm>

namespace rheobase::cuda {

Counting::Counting(const Plan& plan, const OperationPlan& operations, const EngineOptions& options)
    : nodes_(plan.nodes.size()) {
  for (std::size_t i = 0; i < plan.nodes.size(); ++i) {
    signals_.push_back(plan.nodes[i].output);
    nodes_[i].look.node = static_cast<std::int32_t>(i);
    nodes_[i].look.pixels = static_cast<std::int32_t>(signals_[i].shape.pixels());
  }
  for (std::size_t i = 0; i < plan.spiking.size(); ++i) {
    LookedAt& look = nodes_[plan.spiking[i]].look;
    look.spiking = static_cast<std::int32_t>(i);
    look.hashed = options.hash ? 1 : 0;
  }
  if (options.costs) count_operations(plan, operations);
}

void Counting::count_operations(const Plan& plan, const OperationPlan& operations) {
  for (std::size_t i = 0; i < plan.nodes.size(); ++i) {
    const CountedSignal& signal = operations.signals[i];
    if (plan.nodes[i].absorbed || (!signal.neuron && signal.readers.empty())) continue;
    CountedNode counted;
    counted.base = work_.size;
    counted.neuron = signal.neuron ? 1 : 0;
    counted.constant = signal.spec.constant ? 1 : 0;
    counted.first_reader = static_cast<std::int32_t>(reader_synapses_.size());
    counted.readers = static_cast<std::int32_t>(signal.readers.size());
    work_.size += 2 + counted.readers;
    counted_.push_back(counted);
    nodes_[i].look.base = counted.base;
    nodes_[i].look.one = signal.one;
    nodes_[i].look.readers = counted.readers;
    std::vector<std::uint32_t> fan_out;
    for (const SynapseReader& reader : signal.readers) {
      reader_synapses_.push_back(static_cast<std::int32_t>(reader.synapse));
      const std::vector<std::uint32_t> own = reader.fan_out(signal.spec.shape);
      fan_out.insert(fan_out.end(), own.begin(), own.end());
    }
    nodes_[i].fan_out = DeviceTable(std::move(fan_out));
  }
  work_.nodes = static_cast<std::int32_t>(counted_.size());
  work_.synapses = static_cast<std::int32_t>(operations.counted.synapses.size());
  work_.image_once = operations.image_once ? 1 : 0;
  work_.output_constant = plan.nodes[plan.output].output.constant ? 1 : 0;
}

void Counting::allocate(int slots) {
  for (Node& node : nodes_) node.fan_out.upload();
  counted_table_ = DeviceTable(counted_);
  counted_table_.upload();
  synapse_table_ = DeviceTable(reader_synapses_);
  synapse_table_.upload();
  slots_work_ = DeviceMemory(sizeof(std::uint64_t) * work_.size * static_cast<std::size_t>(slots));
  slots_synapses_ = DeviceMemory(sizeof(SynapseCost) * work_.synapses * static_cast<std::size_t>(slots));
  work_.node = counted_table_.data();
  work_.synapse = synapse_table_.data();
  work_.work = slots_work_.as<std::uint64_t>();
  work_.synapse_costs = slots_synapses_.as<SynapseCost>();
}

LookedAt Counting::look(int node, const SignalView& signal) const {
  LookedAt look = nodes_[node].look;
  look.signal = DeviceSignal(signals_[node], signal);
  look.fan_out = nodes_[node].fan_out.data();
  return look;
}

std::size_t Counting::bytes_per_slot() const {
  return sizeof(std::uint64_t) * work_.size + sizeof(SynapseCost) * work_.synapses;
}

}  // namespace rheobase::cuda
