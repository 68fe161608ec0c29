#include "experiments/metrics/neurobench.h"

#include <algorithm>
#include <numeric>

namespace rheobase {

std::uint64_t footprint_bytes(const Graph& graph, const SchemaSet& schemas) {
  std::uint64_t bytes = 0;
  for (const Node& node : graph.nodes) {
    if (schemas.of(node).role == Role::input) continue;
    for (const auto& [name, tensor] : node.tensors) bytes += tensor.bytes();
  }
  return bytes;
}

double connection_sparsity(const Graph& graph, const SchemaSet& schemas) {
  std::int64_t zeros = 0;
  std::int64_t weights = 0;
  for (const Node& node : graph.nodes) {
    if (!schemas.of(node).is_synapse()) continue;
    const Tensor& weight = node.tensors.at("weight");
    weight.for_each([&](double value) { zeros += value == 0.0 ? 1 : 0; });
    weights += static_cast<std::int64_t>(weight.size());
  }
  return weights == 0 ? 0.0 : static_cast<double>(zeros) / static_cast<double>(weights);
}

NeuroBench::NeuroBench(const CountedOperations& counted)
    : dense_(std::accumulate(counted.dense.begin(), counted.dense.end(), std::uint64_t{0})),
      activations_(counted.activations) {}

void NeuroBench::add(const SampleCost& sample) {
  for (const StepCost& step : sample.steps) {
    total_.spikes += step.spikes;
    total_.acs += step.acs;
    total_.macs += step.macs;
  }
  evaluations_ += static_cast<std::uint64_t>(sample.evaluations);
}

SynapticOperations NeuroBench::synaptic_operations(std::int64_t samples) const {
  const auto per_sample = [&](std::uint64_t count) {
    return samples == 0 ? 0.0 : static_cast<double>(count) / static_cast<double>(samples);
  };
  return {per_sample(total_.macs), per_sample(total_.acs), per_sample(evaluations_ * dense_)};
}

double NeuroBench::activation_sparsity() const {
  const std::uint64_t activations = evaluations_ * activations_;
  if (activations == 0) return 0.0;
  return 1.0 - static_cast<double>(total_.spikes) / static_cast<double>(activations);
}

}  // namespace rheobase
