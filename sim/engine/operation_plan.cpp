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

// Values that are weighed in the time that it takes to begin another run.
constexpr std::int64_t run_values = 256;

// The pixels from which fewer weights lead on than from others.
void find_edges(SynapseReader& reader, const std::vector<std::uint32_t>& fan_out, const ImageShape& shape) {
  const std::int64_t channels = shape.channels;
  reader.by_channel.assign(channels, 0);
  for (std::int64_t i = 0; i < shape.size(); ++i)
    reader.by_channel[i % channels] = std::max(reader.by_channel[i % channels], fan_out[i]);
  for (std::int64_t pixel = 0; pixel < shape.pixels(); ++pixel) {
    const auto own = fan_out.begin() + pixel * channels;
    if (std::equal(reader.by_channel.begin(), reader.by_channel.end(), own)) continue;
    const std::int64_t end =
        reader.edges.empty() ? -1 : reader.edges.back().first + reader.edges.back().pixels;
    if (end < 0 || (pixel - end) * channels > run_values) {
      reader.edges.push_back({pixel, 0});
    } else {
      reader.edges.back().pixels += pixel - end;
      reader.missing.resize(reader.missing.size() + (pixel - end) * channels, 0);
    }
    ++reader.edges.back().pixels;
    for (std::int64_t c = 0; c < channels; ++c) reader.missing.push_back(reader.by_channel[c] - own[c]);
  }
}

// `fan_out` is that of every value of the signal that the synapse reads, pixel-major.
void prepare(SynapseReader& reader, const std::vector<std::uint32_t>& fan_out, const SignalSpec& spec) {
  reader.all = std::accumulate(fan_out.begin(), fan_out.end(), std::uint64_t{0});
  find_edges(reader, fan_out, spec.shape);
  if (spec.type != SignalType::spikes || reader.missing.empty()) return;
  const std::uint32_t largest = *std::max_element(reader.missing.begin(), reader.missing.end());
  if (largest > std::numeric_limits<std::uint16_t>::max()) return;
  reader.most_missing = static_cast<std::uint16_t>(largest);
  const std::int64_t channels = spec.shape.channels, row = spec.words_per_pixel() * 64;
  const auto values = static_cast<std::int64_t>(reader.missing.size());
  reader.missing_by_bit.assign(values / channels * row, 0);
  for (std::int64_t i = 0; i < values; ++i)
    reader.missing_by_bit[i / channels * row + i % channels] = static_cast<std::uint16_t>(reader.missing[i]);
}

}  // namespace

std::vector<std::uint32_t> SynapseReader::fan_out(const ImageShape& shape) const {
  std::vector<std::uint32_t> result;
  for (std::int64_t pixel = 0; pixel < shape.pixels(); ++pixel)
    result.insert(result.end(), by_channel.begin(), by_channel.end());
  auto fewer = missing.begin();
  for (const Run& run : edges) {
    const std::int64_t first = run.first * shape.channels;
    for (std::int64_t i = first; i < first + run.pixels * shape.channels; ++i) result[i] -= *fewer++;
  }
  return result;
}

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
    const FanOut found = fan_out(node, signal.spec.shape);
    SynapseReader& reader = signal.readers.emplace_back();
    reader.synapse = plan.counted.synapses.size();
    prepare(reader, found.effective, signal.spec);
    plan.counted.synapses.push_back(node.name);
    plan.counted.dense.push_back(found.dense);
  }
  return plan;
}

}  // namespace rheobase
