#include "converters/passes/fixed_silent.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "converters/passes/fixed_neurons.h"
#include "converters/passes/fixed_rounding.h"

namespace rheobase::fixed {
namespace {

/// Of the real values of a channel at one step.
struct Interval {
  double low = 0.0;
  double high = 0.0;

  bool is_zero() const { return low == 0.0 && high == 0.0; }
};
using Intervals = std::map<std::string, std::vector<Interval>>;

void add_scaled(Interval& sum, double factor, const Interval& value) {
  const auto [low, high] = std::minmax({factor * value.low, factor * value.high});
  sum.low += low;
  sum.high += high;
}

Interval with_zero(const Interval& value) { return {std::min(value.low, 0.0), std::max(value.high, 0.0)}; }

std::vector<Interval> of_input(const Node& node, std::int64_t channels) {
  const double largest = std::ldexp(static_cast<double>(max_read), -fraction_bits(node, channels));
  return std::vector<Interval>(static_cast<std::size_t>(channels), {-largest, largest});
}

// A place in the padding adds nothing.
std::vector<Interval> of_synapse(const Node& node, const std::vector<Interval>& input) {
  const WeightRows rows(node);
  const auto& weights = node.tensors.at("weight").reals();
  const Tensor* const bias = node.tensor("bias");
  std::vector<Interval> result;
  for (std::int64_t o = 0; o < rows.outputs(); ++o) {
    Interval sum;
    rows.for_weights(o, [&](std::int64_t index, std::int64_t channel) {
      add_scaled(sum, weights[index], with_zero(input[channel]));
    });
    if (bias != nullptr) add_scaled(sum, 1.0, {bias->reals()[o], bias->reals()[o]});
    result.push_back(sum);
  }
  return result;
}

std::vector<Interval> of_affine(const Node& node, const std::vector<Interval>& input) {
  std::vector<Interval> result;
  for (std::size_t c = 0; c < input.size(); ++c) {
    const double shift = node.tensors.at("shift").of_channel(c);
    Interval sum{shift, shift};
    add_scaled(sum, node.tensors.at("scale").of_channel(c), input[c]);
    result.push_back(sum);
  }
  return result;
}

std::vector<Interval> of_add(const Node& node, const Intervals& intervals, std::int64_t channels) {
  std::vector<Interval> result(static_cast<std::size_t>(channels));
  for (const std::string& input : node.inputs) {
    for (std::size_t c = 0; c < result.size(); ++c) add_scaled(result[c], 1.0, intervals.at(input)[c]);
  }
  return result;
}

// How often it fires at most: where it begins, or what a step leaves below the threshold, and the current.
double most_events(const Node& node, const OpSchema& schema, std::int64_t channel, double current) {
  if (!schema.emits_counts) return static_cast<double>(schema.largest_event(node));
  const double threshold = schema.threshold_of(node).of_channel(channel);
  const Tensor* const v_init = node.tensor("v_init");
  const double start = v_init == nullptr ? 0.0 : v_init->of_channel(channel);
  return std::min(std::floor((std::max(start, threshold) + current) / threshold),
                  static_cast<double>(node.integer("max_spikes", 0)));
}

// A leaky potential, of which a step leaves d, reaches currents / (1 - d); it lies around where it begins and
// rests.
std::vector<Interval> of_potential(const Node& node, const std::vector<Interval>& current) {
  std::vector<Interval> result;
  for (std::size_t c = 0; c < current.size(); ++c) {
    const auto channel = static_cast<std::int64_t>(c);
    const auto value = [&](const char* tensor, double otherwise) {
      const Tensor* const found = node.tensor(tensor);
      return found == nullptr ? otherwise : found->of_channel(channel);
    };
    const double v_leak = value("v_leak", 0.0), start = value("v_init", v_leak) - v_leak;
    const double gain = 1.0 / (1.0 - value("decay", 1.0));
    result.push_back({v_leak + std::min({0.0, start, current[c].low * gain}),
                      v_leak + std::max({0.0, start, current[c].high * gain})});
  }
  return result;
}

// A potential that nothing raises stays below a threshold that it rests below.
std::vector<Interval> of_neuron(const Node& node, const OpSchema& schema,
                                const std::vector<Interval>& current) {
  std::vector<Interval> result;
  for (std::size_t c = 0; c < current.size(); ++c) {
    const auto channel = static_cast<std::int64_t>(c);
    const bool silent = current[c].high <= 0.0 && rests_below_threshold(node, schema, channel);
    const double most =
        silent ? 0.0 : schema.height_of(node, channel) * most_events(node, schema, channel, current[c].high);
    result.push_back({schema.is_graded ? -most : 0.0, most});
  }
  return result;
}

std::vector<Interval> of_carrying(const Node& node, const ShapeMap& shapes, const Intervals& intervals) {
  std::vector<Interval> result;
  for (const auto& origin : channel_origins(node, shapes)) {
    result.push_back(origin ? with_zero(intervals.at(node.inputs[origin->input])[origin->channel])
                            : Interval{});
  }
  return result;
}

// Of the spikes of a neuron that may come behind.
std::vector<Interval> of_delay(const Node& neuron, const SchemaSet& schemas, const ShapeMap& shapes) {
  const Signal spikes = spikes_of(neuron, schemas.of(neuron), shapes.at(neuron.name)[0]);
  std::vector<Interval> result;
  for (std::size_t c = 0; c < spikes.units.size(); ++c)
    result.push_back({spikes.units[c] * static_cast<double>(spikes.bounds[c].low),
                      spikes.units[c] * static_cast<double>(spikes.bounds[c].high)});
  return result;
}

std::vector<Interval> of_node(const Node& node, const OpSchema& schema, const ShapeMap& shapes,
                              const Intervals& intervals) {
  switch (schema.role) {
    case Role::input:
      return of_input(node, shapes.at(node.name)[0]);
    case Role::join:
      return of_add(node, intervals, shapes.at(node.name)[0]);
    case Role::carrier:
    case Role::pool:
      return of_carrying(node, shapes, intervals);
    case Role::synapse:
      return of_synapse(node, intervals.at(node.inputs[0]));
    case Role::scaling:
      return of_affine(node, intervals.at(node.inputs[0]));
    case Role::neuron:
      if (schema.emits_potential()) return of_potential(node, intervals.at(node.inputs[0]));
      return of_neuron(node, schema, intervals.at(node.inputs[0]));
    case Role::readout:
      return intervals.at(node.inputs[0]);
  }
  throw InternalError("not a role");
}

}  // namespace

void drop_silent_inputs(Graph& graph, const SchemaSet& schemas, const ShapeMap& shapes) {
  Intervals intervals;
  for (const int index : topological_order(graph)) {
    Node& node = graph.nodes[index];
    const OpSchema& schema = schemas.of(node);
    if (schema.is_synapse()) {
      const WeightRows rows(node);
      auto& weights = node.tensors.at("weight").reals();
      const std::vector<Interval>& input = intervals.at(node.inputs[0]);
      for (std::int64_t o = 0; o < rows.outputs(); ++o) {
        rows.for_weights(o, [&](std::int64_t weight, std::int64_t channel) {
          if (input[channel].is_zero()) weights[weight] = 0.0F;
        });
      }
    }
    intervals[node.name] = node.op == delay_op ? of_delay(*graph.find(node.inputs[0]), schemas, shapes)
                                               : of_node(node, schema, shapes, intervals);
  }
}

}  // namespace rheobase::fixed
