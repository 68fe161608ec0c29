#include "experiments/metrics/neurobench.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <map>
#include <string>
#include <utility>

#include "experiments/metrics/fan_out.h"
#include "sim/core/error.h"
#include "sim/graph/op_schema.h"
#include "sim/op/spike_bits.h"

namespace rheobase {
namespace {

struct Activity {
  std::uint64_t active = 0;      // values that are not 0
  std::uint64_t operations = 0;  // sum of their fan-outs
  bool unit = true;              // every value is -1, 0 or 1
};

template <class Number>
Activity activity_of_numbers(const Number* values, std::int64_t size, const std::uint32_t* fan_out) {
  Activity result;
  for (std::int64_t i = 0; i < size; ++i) {
    const bool active = values[i] != Number{0};
    result.active += active ? 1 : 0;
    result.unit &= !active || values[i] == Number{1} || values[i] == Number{-1};
    if (fan_out != nullptr) result.operations += active ? fan_out[i] : 0;
  }
  return result;
}

// `by_bit`: the fan-outs in the order of the words' bits, where they fit 16 bits; `most` of them.
Activity activity_of_spikes(const SignalSpec& spec, const std::uint64_t* words, const std::uint32_t* fan_out,
                            const std::vector<std::uint16_t>& by_bit, std::uint16_t most) {
  const std::int64_t count = spec.shape.pixels() * spec.words_per_pixel();
  Activity result;
  result.active = count_spikes(words, count);
  if (!by_bit.empty()) {
    result.operations = weigh_spikes(words, count, by_bit.data(), most);
    return result;
  }
  if (fan_out == nullptr) return result;
  for (std::int64_t w = 0; w < count; ++w) {
    const std::uint32_t* neurons =
        fan_out + w / spec.words_per_pixel() * spec.shape.channels + w % spec.words_per_pixel() * 64;
    for (std::uint64_t rest = words[w]; rest != 0; rest &= rest - 1)
      result.operations += neurons[std::countr_zero(rest)];
  }
  return result;
}

}  // namespace

std::uint64_t footprint_bytes(const Graph& graph) {
  const bool fixed = arithmetic_of(graph) == Arithmetic::fixed;
  std::uint64_t bytes = 0;
  for (const Node& node : graph.nodes) {
    if (node.op == "Input") continue;
    for (const auto& [name, tensor] : node.tensors) {
      const bool narrow = fixed && has_synapses(node) && name == "weight";
      bytes += tensor.values.size() * (narrow ? 1 : sizeof(float));
    }
  }
  return bytes;
}

double connection_sparsity(const Graph& graph) {
  std::int64_t zeros = 0;
  std::int64_t weights = 0;
  for (const Node& node : graph.nodes) {
    if (!has_synapses(node)) continue;
    const std::vector<float>& values = node.tensors.at("weight").values;
    zeros += std::count(values.begin(), values.end(), 0.0F);
    weights += static_cast<std::int64_t>(values.size());
  }
  return weights == 0 ? 0.0 : static_cast<double>(zeros) / static_cast<double>(weights);
}

NeuroBenchProbe::Work& NeuroBenchProbe::Work::operator+=(const Work& other) {
  macs += other.macs;
  acs += other.acs;
  dense += other.dense;
  active += other.active;
  activations += other.activations;
  return *this;
}

NeuroBenchProbe::NeuroBenchProbe(const Graph& graph, const std::vector<Node>& order, int slots, int lookahead)
    : lookahead_(lookahead),
      signals_(order.size()),
      lanes_(static_cast<std::size_t>(slots) * static_cast<std::size_t>(lookahead)),
      steps_(slots) {
  SchemaSet structural;
  add_structural_schemas(structural);
  std::map<std::string, std::size_t> index;
  for (std::size_t i = 0; i < order.size(); ++i) {
    index[order[i].name] = i;
    signals_[i].neuron = structural.find(order[i].op) == nullptr;
    signals_[i].output = order[i].op == "Output";
    signals_[i].constant.resize(slots);
  }
  for (const Node& node : graph.nodes) {
    if (has_synapses(node)) signals_.at(index.at(node.inputs.at(0))).readers.push_back(&node);
  }
}

void NeuroBenchProbe::prepare(Signal& signal, const SignalSpec& spec) {
  for (const Node* reader : signal.readers) {
    const FanOut one = rheobase::fan_out(*reader, spec.shape);
    signal.fan_out.resize(one.effective.size(), 0);
    for (std::size_t i = 0; i < one.effective.size(); ++i) signal.fan_out[i] += one.effective[i];
    signal.dense += one.dense;
  }
  if (spec.type != SignalType::spikes || signal.fan_out.empty()) return;
  const std::uint32_t most = *std::max_element(signal.fan_out.begin(), signal.fan_out.end());
  if (most > std::numeric_limits<std::uint16_t>::max()) return;
  signal.most = static_cast<std::uint16_t>(most);
  const std::int64_t row = spec.words_per_pixel() * 64;
  signal.by_bit.assign(spec.shape.pixels() * row, 0);
  for (std::int64_t i = 0; i < spec.shape.size(); ++i) {
    signal.by_bit[i / spec.shape.channels * row + i % spec.shape.channels] =
        static_cast<std::uint16_t>(signal.fan_out[i]);
  }
}

NeuroBenchProbe::Work NeuroBenchProbe::measure(const Signal& signal, const SignalSpec& spec,
                                               const SignalView& view, int lane) {
  const std::uint32_t* fan_out = signal.fan_out.empty() ? nullptr : signal.fan_out.data();
  const std::int64_t size = spec.shape.size();
  Activity activity;
  switch (spec.type) {
    case SignalType::spikes:
      activity = activity_of_spikes(spec, view.spikes(lane), fan_out, signal.by_bit, signal.most);
      break;
    case SignalType::real32:
      activity = activity_of_numbers(view.real(lane), size, fan_out);
      break;
    case SignalType::int16:
      activity = activity_of_numbers(view.int16(lane), size, fan_out);
      break;
    case SignalType::int32:
      activity = activity_of_numbers(view.int32(lane), size, fan_out);
      break;
  }
  Work work;
  (activity.unit ? work.acs : work.macs) = activity.operations;
  work.dense = signal.dense;
  if (signal.neuron) {
    work.active = activity.active;
    work.activations = static_cast<std::uint64_t>(size);
  }
  return work;
}

void NeuroBenchProbe::begin(std::span<const int> lanes) {
  for (const int lane : lanes) lanes_.at(lane) = {};
}

void NeuroBenchProbe::on_signal(int node, const SignalSpec& spec, const SignalView& view, int lane) {
  Signal& signal = signals_.at(node);
  if (signal.output) lanes_.at(lane).evaluated = true;
  if (!signal.neuron && signal.readers.empty()) return;
  std::call_once(signal.prepared, [&] { prepare(signal, spec); });
  const Work work = measure(signal, spec, view, lane);
  if (spec.constant) {
    signal.constant.at(lane / lookahead_) = work;
  } else {
    lanes_.at(lane).work += work;
  }
}

void NeuroBenchProbe::taken(int lane) {
  const int slot = lane / lookahead_;
  Work work = lanes_.at(lane).work;
  if (lanes_[lane].evaluated) {
    for (const Signal& signal : signals_) work += signal.constant.at(slot);
  }
  total_ += work;
  steps_[slot].push_back({work.active, work.acs, work.macs});
}

SynapticOperations NeuroBenchProbe::synaptic_operations(std::int64_t samples) const {
  const auto per_sample = [&](std::uint64_t count) {
    return samples == 0 ? 0.0 : static_cast<double>(count) / static_cast<double>(samples);
  };
  return {per_sample(total_.macs), per_sample(total_.acs), per_sample(total_.dense)};
}

double NeuroBenchProbe::activation_sparsity() const {
  if (total_.activations == 0) return 0.0;
  return 1.0 - static_cast<double>(total_.active) / static_cast<double>(total_.activations);
}

}  // namespace rheobase
