#include "sim/engine/operation_plan.h"

#include <algorithm>
#include <limits>
#include <map>
#include <numeric>
#include <string>
#include <utility>

#include "sim/engine/fan_out.h"

namespace rheobase {
namespace {

// Passes the numbers of its input on, or some of them.
bool moves_numbers(const Node& node, const OpSchema& schema) {
  return (schema.rearranges() && node.op != delay_op) ||
         node.op == "MaxPool2d";  // an average is another number
}

// Of the signal that it reads.
void prepare(SynapseReader& reader, const SignalSpec& spec) {
  reader.all = std::accumulate(reader.fan_out.begin(), reader.fan_out.end(), std::uint64_t{0});
  if (spec.type != SignalType::spikes) return;
  const std::uint32_t largest = *std::max_element(reader.fan_out.begin(), reader.fan_out.end());
  if (largest > std::numeric_limits<std::uint16_t>::max()) return;
  reader.most = static_cast<std::uint16_t>(largest);
  const std::int64_t row = spec.words_per_pixel() * 64;
  reader.by_bit.assign(spec.shape.pixels() * row, 0);
  for (std::int64_t i = 0; i < spec.shape.size(); ++i) {
    reader.by_bit[i / spec.shape.channels * row + i % spec.shape.channels] =
        static_cast<std::uint16_t>(reader.fan_out[i]);
  }
}

}  // namespace

OperationPlan plan_operations(const Graph& graph, const std::vector<Node>& order,
                              const std::vector<SignalSpec>& signals, const SchemaSet& schemas) {
  OperationPlan plan;
  plan.signals.resize(order.size());
  plan.image_once = graph.output().integer("running", 0) != 0;
  std::map<std::string, std::size_t> index;
  for (std::size_t i = 0; i < order.size(); ++i) {
    index[order[i].name] = i;
    CountedSignal& signal = plan.signals[i];
    signal.spec = signals[i];
    const OpSchema& schema = schemas.of(order[i]);
    signal.neuron = schema.is_neuron();
    signal.output = schema.role == Role::readout;
    if (schema.role == Role::input) signal.one = 1 << order[i].integer("fraction_bits", 0);
    if (moves_numbers(order[i], schema)) signal.one = plan.signals[index.at(order[i].inputs.at(0))].one;
    if (signal.neuron) plan.counted.activations += static_cast<std::uint64_t>(signal.spec.shape.size());
  }
  for (const Node& node : graph.nodes) {
    if (!schemas.of(node).is_synapse()) continue;
    CountedSignal& signal = plan.signals.at(index.at(node.inputs.at(0)));
    FanOut found = fan_out(node, signal.spec.shape);
    SynapseReader& reader = signal.readers.emplace_back();
    reader.synapse = plan.counted.synapses.size();
    reader.fan_out = std::move(found.effective);
    prepare(reader, signal.spec);
    plan.counted.synapses.push_back(node.name);
    plan.counted.dense.push_back(found.dense);
  }
  return plan;
}

}  // namespace rheobase
