#include "experiments/metrics/neurobench.h"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <map>
#include <numeric>
#include <string>
#include <utility>

#include "experiments/metrics/fan_out.h"
#include "sim/core/error.h"
#include "sim/graph/op_schema.h"
#include "sim/op/spike_bits.h"

namespace rheobase {
namespace {

struct Activity {
  std::uint64_t active = 0;  // values that are not 0
  bool unit = true;          // every value is -1, 0 or 1
};

// `one` stands for 1.
template <class Number>
Activity activity_of_numbers(const Number* values, std::int64_t size, Number one) {
  constexpr std::int64_t block = 1 << 16;
  Activity result;
  for (std::int64_t first = 0; first < size; first += block) {
    std::uint32_t active = 0, others = 0;  // narrow and without branches: vectors
    for (std::int64_t i = first; i < std::min(size, first + block); ++i) {
      const Number x = values[i];
      active += static_cast<std::uint32_t>(x != Number{0});
      others += static_cast<std::uint32_t>(x != Number{0}) & static_cast<std::uint32_t>(x != one) &
                static_cast<std::uint32_t>(x != -one);
    }
    result.active += active;
    result.unit = result.unit && others == 0;
  }
  return result;
}

// Sum of the fan-outs of the values that are not 0.
template <class Number>
std::uint64_t operations_of_numbers(const Number* values, const std::vector<std::uint32_t>& fan_out) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < fan_out.size(); ++i)
    sum += fan_out[i] & (std::uint32_t{0} - static_cast<std::uint32_t>(values[i] != Number{0}));
  return sum;
}

std::uint64_t operations_of_spikes(const SignalSpec& spec, const std::uint64_t* words,
                                   const std::vector<std::uint32_t>& fan_out) {
  const std::int64_t count = spec.shape.pixels() * spec.words_per_pixel();
  std::uint64_t sum = 0;
  for (std::int64_t w = 0; w < count; ++w) {
    const std::uint32_t* neurons =
        fan_out.data() + w / spec.words_per_pixel() * spec.shape.channels + w % spec.words_per_pixel() * 64;
    for (std::uint64_t rest = words[w]; rest != 0; rest &= rest - 1) sum += neurons[std::countr_zero(rest)];
  }
  return sum;
}

// Passes the numbers of its input on, or some of them.
bool moves_numbers(const Node& node) {
  constexpr std::array ops{"Flatten", "Slice", "Pad", "MaxPool2d"};
  return std::find(ops.begin(), ops.end(), node.op) != ops.end();
}

}  // namespace

std::uint64_t footprint_bytes(const Graph& graph) {
  const bool fixed = arithmetic_of(graph) == Arithmetic::fixed;
  std::uint64_t bytes = 0;
  for (const Node& node : graph.nodes) {
    if (node.op == "Input") continue;
    for (const auto& [name, tensor] : node.tensors) {
      const bool weight = has_synapses(node) && name == "weight";
      if (weight && has_binary_synapses(node)) {
        bytes += (tensor.values.size() + 7) / 8;
      } else {
        bytes += tensor.values.size() * (fixed && weight ? 1 : sizeof(float));
      }
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

void NeuroBenchProbe::Work::clear(std::size_t synapse_count) {
  macs = acs = dense = active = activations = 0;
  synapses.assign(synapse_count, {});
}

NeuroBenchProbe::Work& NeuroBenchProbe::Work::operator+=(const Work& other) {
  macs += other.macs;
  acs += other.acs;
  dense += other.dense;
  active += other.active;
  activations += other.activations;
  for (std::size_t i = 0; i < other.synapses.size(); ++i) synapses[i] += other.synapses[i];
  return *this;
}

void NeuroBenchProbe::Reader::prepare(const SignalSpec& spec) {
  FanOut found = rheobase::fan_out(*node, spec.shape);
  fan_out = std::move(found.effective);
  dense = found.dense;
  all = std::accumulate(fan_out.begin(), fan_out.end(), std::uint64_t{0});
  if (spec.type != SignalType::spikes) return;
  const std::uint32_t largest = *std::max_element(fan_out.begin(), fan_out.end());
  if (largest > std::numeric_limits<std::uint16_t>::max()) return;
  most = static_cast<std::uint16_t>(largest);
  const std::int64_t row = spec.words_per_pixel() * 64;
  by_bit.assign(spec.shape.pixels() * row, 0);
  for (std::int64_t i = 0; i < spec.shape.size(); ++i) {
    by_bit[i / spec.shape.channels * row + i % spec.shape.channels] = static_cast<std::uint16_t>(fan_out[i]);
  }
}

NeuroBenchProbe::NeuroBenchProbe(const Graph& graph, const std::vector<Node>& order, int slots, int lookahead)
    : lookahead_(lookahead),
      signals_(order.size()),
      lanes_(static_cast<std::size_t>(slots) * static_cast<std::size_t>(lookahead)),
      steps_(slots),
      samples_(slots) {
  SchemaSet structural;
  add_structural_schemas(structural);
  std::map<std::string, std::size_t> index;
  for (std::size_t i = 0; i < order.size(); ++i) {
    index[order[i].name] = i;
    signals_[i].neuron = structural.find(order[i].op) == nullptr && !has_synapses(order[i]);
    signals_[i].output = order[i].op == "Output";
    if (order[i].op == "Input") signals_[i].one = 1 << order[i].integer("fraction_bits", 0);
    if (moves_numbers(order[i])) signals_[i].one = signals_[index.at(order[i].inputs.at(0))].one;
    signals_[i].constant.resize(slots);
  }
  for (const Node& node : graph.nodes) {
    if (!has_synapses(node)) continue;
    Reader reader;
    reader.node = &node;
    reader.synapse = synapses_++;
    signals_.at(index.at(node.inputs.at(0))).readers.push_back(std::move(reader));
  }
  for (int slot = 0; slot < slots; ++slot) reset(slot);
  total_.clear(synapses_);
}

void NeuroBenchProbe::reset(int slot) {
  steps_.at(slot).clear();
  samples_.at(slot).assign(synapses_, {});
}

void NeuroBenchProbe::measure(const Signal& signal, const SignalSpec& spec, const SignalView& view, int lane,
                              Work& work) {
  const std::int64_t size = spec.shape.size();
  const auto add = [&](const Activity& activity, const auto& operations_of) {
    for (const Reader& reader : signal.readers) {
      const std::uint64_t operations = operations_of(reader);
      const SynapseCost cost{activity.unit ? operations : 0, activity.unit ? 0 : operations};
      work.synapses[reader.synapse] += cost;
      work.acs += cost.acs;
      work.macs += cost.macs;
      work.dense += reader.dense;
    }
    if (!signal.neuron) return;
    work.active += activity.active;
    work.activations += static_cast<std::uint64_t>(size);
  };
  const auto add_numbers = [&]<class Number>(const Number* values) {
    add(activity_of_numbers(values, size, static_cast<Number>(signal.one)),
        [&](const Reader& reader) { return operations_of_numbers(values, reader.fan_out); });
  };
  switch (spec.type) {
    case SignalType::spikes: {
      const std::uint64_t* words = view.spikes(lane);
      const std::int64_t count = spec.shape.pixels() * spec.words_per_pixel();
      add({signal.neuron ? count_spikes(words, count) : 0, true}, [&](const Reader& reader) {
        return reader.by_bit.empty() ? operations_of_spikes(spec, words, reader.fan_out)
                                     : weigh_spikes(words, count, reader.by_bit.data(), reader.most);
      });
      break;
    }
    case SignalType::signs:  // never 0: every synapse adds
      add({static_cast<std::uint64_t>(size), true}, [](const Reader& reader) { return reader.all; });
      break;
    case SignalType::real32:
      add_numbers(view.real(lane));
      break;
    case SignalType::int16:
      add_numbers(view.int16(lane));
      break;
    case SignalType::int32:
      add_numbers(view.int32(lane));
      break;
  }
}

void NeuroBenchProbe::begin(std::span<const int> lanes) {
  for (const int lane : lanes) {
    lanes_.at(lane).work.clear(synapses_);
    lanes_[lane].evaluated = false;
  }
}

void NeuroBenchProbe::on_signal(int node, const SignalSpec& spec, const SignalView& view, int lane) {
  Signal& signal = signals_.at(node);
  if (signal.output) lanes_.at(lane).evaluated = true;
  if (!signal.neuron && signal.readers.empty()) return;
  std::call_once(signal.prepared, [&] {
    for (Reader& reader : signal.readers) reader.prepare(spec);
  });
  Work& work = spec.constant ? signal.constant.at(lane / lookahead_) : lanes_.at(lane).work;
  if (spec.constant) work.clear(synapses_);
  measure(signal, spec, view, lane, work);
}

void NeuroBenchProbe::taken(int lane) {
  const int slot = lane / lookahead_;
  Work& work = lanes_.at(lane).work;
  if (lanes_[lane].evaluated) {
    for (const Signal& signal : signals_) work += signal.constant.at(slot);
  }
  total_ += work;
  steps_[slot].push_back({work.active, work.acs, work.macs});
  for (std::size_t i = 0; i < synapses_; ++i) samples_[slot][i] += work.synapses[i];
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
