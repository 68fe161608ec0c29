// Currents of integers for float32 ones: docs/reference/arithmetic.md, "How conversion finds the integers".
#include <fmt/format.h>

#include <cmath>

#include "converters/passes.h"
#include "converters/passes/fixed_joins.h"
#include "converters/passes/fixed_losses.h"
#include "converters/passes/fixed_rounding.h"
#include "converters/passes/fixed_silent.h"
#include "converters/passes/fixed_units.h"
#include "sim/graph/arithmetic.h"

namespace rheobase {
namespace {

void check_pools(const Graph& graph, const ShapeMap& shapes, Faults& faults) {
  for (const Node& node : graph.nodes) {
    if (fixed::divisor(node, shapes)) continue;
    faults.push_back({node.name,
                      "an average pool whose windows cover different areas (padding that does not count, "
                      "ceil_mode), which have no common unit in fixed arithmetic"});
  }
}

fixed::Signal input_signal(const Node& input, std::int64_t channels, Faults& faults) {
  const int bits = fixed::fraction_bits(input, channels);
  if (bits < 0) {
    faults.push_back(
        {input.name, fmt::format("normalised pixels leave +-{}, fixed arithmetic's range", fixed::max_read)});
  }
  const auto count = static_cast<std::size_t>(channels);
  return {fixed::Kind::pixels, std::vector<double>(count, std::ldexp(1.0, -bits)),
          std::vector<fixed::Bounds>(count, {-fixed::max_read, fixed::max_read})};
}

fixed::Signal spikes_of(const Node& neuron, std::int64_t channels) {
  fixed::Signal spikes{fixed::Kind::spikes, {}, {}};
  for (std::int64_t c = 0; c < channels; ++c) {
    spikes.units.push_back(fixed::at(neuron.tensors.at("v_threshold"), c));
    spikes.bounds.push_back({0, 1});
  }
  return spikes;
}

// All signals that have the unit of their source.
fixed::Signals source_signals(const Graph& graph, const ShapeMap& shapes, const fixed::Kinds& kinds,
                              Faults& faults) {
  fixed::Signals signals;
  for (const int index : topological_order(graph)) {
    const Node& node = graph.nodes[index];
    const std::int64_t channels = shapes.at(node.name)[0];
    if (node.op == "Input") signals[node.name] = input_signal(node, channels, faults);
    if (node.op == "IF") signals[node.name] = spikes_of(node, channels);
    if (fixed::carries(node) && kinds.at(node.name) != fixed::Kind::current)
      signals[node.name] = fixed::carried(node, shapes, signals);
    if (!fixed::is_synapse(node) || kinds.at(node.inputs[0]) == fixed::Kind::current) continue;
    for (const fixed::Bounds& bounds : signals.at(node.inputs[0]).bounds) {
      if (bounds.magnitude() <= fixed::max_read) continue;
      faults.push_back({node.name, fmt::format("reads sums up to {} from '{}', a synapse reads up to {}",
                                               bounds.magnitude(), node.inputs[0], fixed::max_read)});
      break;
    }
  }
  return signals;
}

// What is left when all units are known.
void round_ends(const Graph& real, const fixed::Signals& signals, const ShapeMap& shapes, Graph& result) {
  for (std::size_t i = 0; i < real.nodes.size(); ++i) {
    const Node& node = real.nodes[i];
    if (node.op == "IF") result.nodes[i] = fixed::rounded_if(node, signals.at(node.inputs[0]).units);
    if (node.op == "Output") result.nodes[i] = fixed::rounded_output(node, signals.at(node.inputs[0]).units);
    if (node.op == "Input")
      result.nodes[i].attributes["fraction_bits"] =
          std::int64_t{fixed::fraction_bits(node, shapes.at(node.name)[0])};
  }
}

}  // namespace

std::vector<LayerRounding> quantize(Graph& graph, const SchemaSet& schemas, const std::string& source) {
  if (arithmetic_of(graph) == Arithmetic::fixed)
    throw InputError(source, "", "the graph has fixed arithmetic already");
  Faults faults;
  Graph real = graph;
  fixed::absorb_into_input(real);
  check_pools(real, validate_or_throw(real, schemas, source), faults);
  fixed::Kinds kinds = fixed::find_kinds(real, faults);
  throw_if_any(source, faults);

  fixed::insert_conversions(real, kinds);
  const ShapeMap shapes = validate_or_throw(real, schemas, source);
  kinds = fixed::find_kinds(real, faults);
  fixed::Signals signals = source_signals(real, shapes, kinds, faults);
  const fixed::Currents currents = fixed::find_currents(real, shapes, kinds, faults);
  throw_if_any(source, faults);

  fixed::drop_silent_inputs(real, shapes);
  Graph result = real;
  fixed::UnitChooser chooser(real, shapes, currents, signals, result);
  for (const fixed::Current& current : currents.list) chooser.choose(current);
  round_ends(real, signals, shapes, result);
  validate_or_throw(result, schemas, source);
  graph = std::move(result);
  return fixed::measure_losses(real, graph, shapes, currents, signals);
}

}  // namespace rheobase
