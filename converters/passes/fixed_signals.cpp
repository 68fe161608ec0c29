#include "converters/passes/fixed_signals.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "sim/graph/structural_ops.h"

namespace rheobase::fixed {
namespace {

bool averages(const Node& node) { return node.op == "AvgPool2d"; }

// Makes numbers of spikes: a sum, or the difference of two maxima.
bool counts(const Node& node) { return averages(node) || node.op == "CumulativeMaxPool2d"; }

// "IF is the one neuron that has", or "IF, LIF are the neurons that have".
std::string spiking_neurons(const SchemaSet& schemas) {
  std::vector<std::string> names = schemas.names();
  std::erase_if(names, [&](const std::string& name) { return !schemas.find(name)->is_spiking(); });
  return fmt::format("{} {}", fmt::join(names, ", "),
                     names.size() == 1 ? "is the one neuron that has" : "are the neurons that have");
}

// The kind of what a node makes of its inputs; nothing where it can make none.
std::optional<Kind> kind_of(const Node& node, const SchemaSet& schemas, const std::set<Kind>& inputs,
                            Faults& faults) {
  const OpSchema& schema = schemas.of(node);
  if (schema.role == Role::input) return Kind::pixels;
  if (schema.is_spiking()) return Kind::spikes;
  if (node.op == delay_op) return Kind::spikes;  // of a neuron, which may come behind it
  if (schema.emits_potential() || schema.has_real_weights() || schema.role == Role::scaling ||
      schema.role == Role::join)
    return Kind::current;
  if (!schema.carries()) {
    if (schema.role != Role::readout)
      faults.push_back(
          {node.name, fmt::format("{} has no fixed arithmetic; {}", node.op, spiking_neurons(schemas))});
    return std::nullopt;
  }
  if (inputs.contains(Kind::current)) return Kind::current;
  if (inputs.size() > 1) {
    faults.push_back({node.name,
                      "joins spikes, counts or pixels with one another, which fixed arithmetic "
                      "stores differently"});
    return std::nullopt;
  }
  return *inputs.begin() == Kind::spikes && counts(node) ? Kind::counts : *inputs.begin();
}

// How many values the windows along an axis cover, padding included where it counts.
std::set<std::int64_t> covered(const Pool2dAttributes& pool, int axis, std::int64_t extent) {
  const Window& w = pool.window;
  std::set<std::int64_t> lengths;
  for (std::int64_t i = 0; i < w.output_extent(axis, extent); ++i) {
    const std::int64_t start = i * w.stride.at(axis) - w.padding.at(axis);
    const std::int64_t stop = start + w.kernel.at(axis);
    // Padding counts, but not what a ceil_mode window covers beyond it.
    lengths.insert(pool.count_include_pad ? std::min(stop, extent + w.padding.at(axis + 2)) - start
                                          : std::min(stop, extent) - std::max<std::int64_t>(start, 0));
  }
  return lengths;
}

Bounds with_zero(const Bounds& b) {
  return {std::min<std::int64_t>(b.low, 0), std::max<std::int64_t>(b.high, 0)};
}

}  // namespace

Kinds find_kinds(const Graph& graph, const SchemaSet& schemas, Faults& faults) {
  Kinds kinds;
  for (const int index : topological_order(graph)) {
    const Node& node = graph.nodes[index];
    std::set<Kind> inputs;
    bool known = true;
    for (const std::string& input : node.inputs) {
      const auto found = kinds.find(input);
      known = known && found != kinds.end();
      if (found != kinds.end()) inputs.insert(found->second);
    }
    if (!known && schemas.of(node).carries() && node.op != delay_op) continue;
    if (const auto kind = kind_of(node, schemas, inputs, faults)) kinds[node.name] = *kind;
  }
  return kinds;
}

std::optional<std::int64_t> divisor(const Node& node, const ShapeMap& shapes) {
  if (!averages(node)) return 1;
  const Shape& input = shapes.at(node.inputs[0]);
  const Pool2dAttributes pool = pool2d_attributes(node);
  const auto rows = covered(pool, 0, input[1]);
  const auto columns = covered(pool, 1, input[2]);
  if (rows.size() != 1 || columns.size() != 1) return std::nullopt;
  return *rows.begin() * *columns.begin();
}

Signal carried(const Node& node, const Network& network, const Signals& signals) {
  Signal result;
  result.kind = signals.at(node.inputs[0]).kind;
  if (counts(node) && result.kind == Kind::spikes) result.kind = Kind::counts;
  const auto area = static_cast<double>(divisor(node, network.shapes).value());
  // As many values as a window has places, whether or not some lie in the padding.
  const auto kernel =
      averages(node) ? pool2d_attributes(node).window.kernel : std::array{INT64_C(1), INT64_C(1)};
  const OpSchema& schema = network.schema(node);
  const bool moved = schema.role == Role::carrier && !schema.adds_zeros;
  for (const auto& origin : channel_origins(node, network.shapes)) {
    if (!origin) {
      result.units.push_back(0.0);
      result.bounds.emplace_back();
      continue;
    }
    const Signal& input = signals.at(node.inputs[origin->input]);
    const Bounds bounds = input.bounds[origin->channel];
    result.units.push_back(input.units[origin->channel] / area);
    result.bounds.push_back(moved ? bounds : with_zero(bounds));
    result.bounds.back().low *= kernel[0] * kernel[1];
    result.bounds.back().high *= kernel[0] * kernel[1];
  }
  return result;
}

int fraction_bits(const Node& input, std::int64_t channels) {
  double largest = 0.0;
  for (std::int64_t c = 0; c < channels; ++c) {
    const double mean = input.tensor("mean") != nullptr ? input.tensor("mean")->of_channel(c) : 0.0;
    const double std = input.tensor("std") != nullptr ? input.tensor("std")->of_channel(c) : 1.0;
    largest = std::max({largest, std::abs(mean / std), std::abs((1.0 - mean) / std)});
  }
  for (int bits = 14; bits >= 0; --bits) {
    if (std::ldexp(largest, bits) <= static_cast<double>(max_read)) return bits;
  }
  return -1;
}

}  // namespace rheobase::fixed
