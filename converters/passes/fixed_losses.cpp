#include "converters/passes/fixed_losses.h"

#include <algorithm>
#include <cmath>

#include "converters/passes/fixed_rounding.h"

namespace rheobase::fixed {
namespace {

// Smallest real threshold of the neurons that a current's channel reaches, by the root of its tie.
std::map<std::size_t, double> smallest_thresholds(const Network& real, const Currents& currents) {
  std::map<std::size_t, double> thresholds;
  for (const Node& node : real.graph.nodes) {
    const OpSchema& schema = real.schema(node);
    if (!schema.is_spiking()) continue;
    for (std::int64_t c = 0; c < real.channels(node); ++c) {
      const std::size_t root = currents.ties.root(currents.cell(node.inputs[0], c));
      const double v_threshold = schema.threshold_of(node).of_channel(c);
      double& smallest = thresholds.emplace(root, v_threshold).first->second;
      smallest = std::min(smallest, v_threshold);
    }
  }
  return thresholds;
}

// Weights below this share of what they are measured by (the threshold, the largest weight) are as good as
// 0: weight decay leaves such.
constexpr double negligible = 1e-6;

struct Channel {
  const Node& real;
  const Node& rounded;
  const Signal& input;
  double unit;         // of the output
  double v_threshold;  // 0: none
  std::int64_t output;
};

// The error of the current, and the largest weight.
void measure_error(const Channel& channel, const WeightRows& rows, ChannelRounding& result) {
  const auto& real = channel.real.tensors.at("weight").reals();
  const auto& rounded = channel.rounded.tensors.at("weight").int8s();
  const double step = std::ldexp(channel.unit, -static_cast<int>(channel.rounded.integer("shift", 0)));
  double squares = 0.0, sum = 0.0;
  rows.for_weights(channel.output, [&](std::int64_t index, std::int64_t from) {
    const auto most = static_cast<double>(channel.input.bounds[from].magnitude());
    const double exact = real[index] * channel.input.units[from];
    const double error = (exact - rounded[index] * step) * most;
    squares += error * error;
    sum += error;
    if (std::abs(exact) * most <= result.largest) return;
    result.largest = std::abs(exact) * most;
    result.largest_input = from;
  });
  result.error = std::max(std::sqrt(squares), std::abs(sum));
}

double share_vanished(const Channel& channel, const WeightRows& rows, double least) {
  const auto& real = channel.real.tensors.at("weight").reals();
  const auto& rounded = channel.rounded.tensors.at("weight").int8s();
  std::int64_t weights = 0, vanished = 0;
  rows.for_weights(channel.output, [&](std::int64_t index, std::int64_t from) {
    const double exact = std::abs(real[index] * channel.input.units[from]);
    if (exact == 0.0 || exact < least) return;
    ++weights;
    vanished += rounded[index] == 0 ? 1 : 0;
  });
  return weights == 0 ? 0.0 : static_cast<double>(vanished) / static_cast<double>(weights);
}

ChannelRounding measure(const Channel& channel, const WeightRows& rows) {
  ChannelRounding result;
  result.channel = channel.output;
  measure_error(channel, rows, result);
  const double scale = channel.v_threshold > 0 ? channel.v_threshold : result.largest;
  result.vanished = share_vanished(channel, rows, negligible * scale);
  if (channel.v_threshold > 0) {
    result.threshold_steps = channel.v_threshold / channel.unit;
    result.error /= channel.v_threshold;
    result.largest /= channel.v_threshold;
  } else {
    result.error = result.largest = 0.0;
  }
  return result;
}

}  // namespace

std::vector<LayerRounding> measure_losses(const Network& real, const Graph& rounded, const Currents& currents,
                                          const Signals& signals) {
  const std::map<std::size_t, double> thresholds = smallest_thresholds(real, currents);
  // What graded events may add up to at most says little of what they do, and how often a neuron may fire in
  // a step at most little of how often it does, so a layer that reads such currents, or what comes of such
  // counts, is judged by its weights alone.
  const auto has = [&](const auto& is_one) {
    return std::any_of(real.graph.nodes.begin(), real.graph.nodes.end(),
                       [&](const Node& node) { return is_one(real.schema(node)); });
  };
  const bool graded = has([](const OpSchema& schema) { return schema.is_graded; });
  const bool counts = has([](const OpSchema& schema) { return schema.emits_counts; });
  std::vector<LayerRounding> layers;
  for (const Node& node : real.graph.nodes) {
    if (!real.schema(node).is_synapse()) continue;
    LayerRounding layer{node.name, node.inputs[0], {}};
    const WeightRows rows(node);
    const Signal& output = signals.at(node.name);
    for (std::int64_t o = 0; o < rows.outputs(); ++o) {
      bool empty = true;
      const std::vector<float>& weights = node.tensors.at("weight").reals();
      rows.for_weights(o, [&](std::int64_t index, std::int64_t) { empty &= weights[index] == 0.0F; });
      if (empty) continue;
      const Kind kind = signals.at(node.inputs[0]).kind;
      const bool by_weights = (graded && kind == Kind::current) || (counts && kind != Kind::pixels);
      const auto found =
          by_weights ? thresholds.end() : thresholds.find(currents.ties.root(currents.cell(node.name, o)));
      layer.channels.push_back(measure({node, *rounded.find(node.name), signals.at(node.inputs[0]),
                                        output.units[o], found == thresholds.end() ? 0.0 : found->second, o},
                                       rows));
    }
    layers.push_back(std::move(layer));
  }
  return layers;
}

}  // namespace rheobase::fixed
