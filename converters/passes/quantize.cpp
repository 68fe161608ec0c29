// Currents of integers for float32 ones: docs/reference/arithmetic.md, "How conversion finds the integers".
#include <fmt/format.h>

#include <cmath>

#include "converters/passes.h"
#include "converters/passes/fixed_joins.h"
#include "converters/passes/fixed_losses.h"
#include "converters/passes/fixed_neurons.h"
#include "converters/passes/fixed_rounding.h"
#include "converters/passes/fixed_silent.h"
#include "converters/passes/fixed_units.h"
#include "neurons/burst_lif.h"
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

// What an integrator emits grows with the steps: no bound is proved.
void check_bounds(const Graph& graph, const SchemaSet& schemas, Faults& faults) {
  for (const Node& node : graph.nodes) {
    const OpSchema& schema = schemas.of(node);
    if (!schema.emits_potential()) continue;
    Node rounded = node;
    schema.make_fixed(rounded);
    const auto channels = static_cast<std::int64_t>(rounded.tensors.at("decay").size());
    for (std::int64_t c = 0; c < channels; ++c) {
      if (schema.reach(rounded, c, 0)) continue;
      faults.push_back(
          {node.name,
           fmt::format("loses nothing of its potential in a step (decay {}), so that nothing bounds what "
                       "it emits in integers: convert with --arithmetic float32",
                       node.tensors.at("decay").at(c))});
      break;
    }
  }
}

// What is proved of counts that nothing bounds multiplies from layer to layer.
void bound_counts(Graph& graph, const SchemaSet& schemas) {
  for (Node& node : graph.nodes) {
    if (schemas.of(node).emits_counts && node.integer("max_spikes", 0) == 0)
      node.attributes["max_spikes"] = most_fixed_spikes;
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

// All signals that have the unit of their source.
fixed::Signals source_signals(const fixed::Network& network, const fixed::Kinds& kinds, Faults& faults) {
  fixed::Signals signals;
  for (const int index : topological_order(network.graph)) {
    const Node& node = network.graph.nodes[index];
    const OpSchema& schema = network.schema(node);
    const std::int64_t channels = network.channels(node);
    if (schema.role == Role::input) signals[node.name] = input_signal(node, channels, faults);
    if (schema.is_spiking()) signals[node.name] = fixed::spikes_of(node, schema, channels);
    if (node.op == delay_op) {
      const Node& source = *network.graph.find(node.inputs[0]);
      signals[node.name] = fixed::spikes_of(source, network.schema(source), channels);
    } else if (schema.carries() && kinds.at(node.name) != fixed::Kind::current) {
      signals[node.name] = fixed::carried(node, network, signals);
    }
  }
  return signals;
}

// Synapses that read spikes, counts or pixels.
void check_reads(const fixed::Network& network, const fixed::Kinds& kinds, const fixed::Signals& signals,
                 Faults& faults) {
  for (const Node& node : network.graph.nodes) {
    if (!network.schema(node).is_synapse() || kinds.at(node.inputs[0]) == fixed::Kind::current) continue;
    for (const fixed::Bounds& bounds : signals.at(node.inputs[0]).bounds) {
      if (bounds.magnitude() <= fixed::max_read) continue;
      faults.push_back({node.name, fmt::format("reads sums up to {} from '{}', a synapse reads up to {}",
                                               bounds.magnitude(), node.inputs[0], fixed::max_read)});
      break;
    }
  }
}

// What is left when all units are known.
void round_ends(const fixed::Network& real, const fixed::Signals& signals, Graph& result) {
  for (std::size_t i = 0; i < real.graph.nodes.size(); ++i) {
    const Node& node = real.graph.nodes[i];
    const OpSchema& schema = real.schema(node);
    if (schema.is_spiking() || schema.emits_potential())
      result.nodes[i] = fixed::rounded_neuron(node, schema, signals.at(node.inputs[0]).units);
    if (schema.role == Role::readout)
      result.nodes[i] = fixed::rounded_output(node, signals.at(node.inputs[0]).units);
    if (schema.role == Role::input)
      result.nodes[i].attributes["fraction_bits"] =
          std::int64_t{fixed::fraction_bits(node, real.channels(node))};
  }
}

// Integers for all of `real`, into `result`.
std::vector<LayerRounding> round_all(Graph& real, const SchemaSet& schemas, const std::string& source,
                                     Graph& result, fixed::Signals& signals) {
  Faults faults;
  const ShapeMap shapes = validate_or_throw(real, schemas, source);
  const fixed::Network network{real, schemas, shapes};
  const fixed::Kinds kinds = fixed::find_kinds(real, schemas, faults);
  signals = source_signals(network, kinds, faults);
  const fixed::Currents currents = fixed::find_currents(network, kinds, faults);
  check_reads(network, kinds, signals, faults);
  throw_if_any(source, faults);

  fixed::drop_silent_inputs(real, schemas, shapes);
  result = real;
  fixed::UnitChooser chooser(network, currents, signals, result);
  for (const fixed::Current& current : currents.list) chooser.choose(current);
  check_reads(network, kinds, signals, faults);  // counts have their bounds now
  throw_if_any(source, faults);
  round_ends(network, signals, result);
  return fixed::measure_losses(network, result, currents, signals);
}

// Where the integers are too coarse for a graded neuron's levels, its smallest event is one unit of the
// current: raises the real threshold to what that means. Whether any was.
bool raise_thresholds(Graph& real, const SchemaSet& schemas, const fixed::Signals& signals) {
  bool raised = false;
  for (Node& node : real.nodes) {
    const OpSchema& schema = schemas.of(node);
    if (schema.is_graded) raised |= fixed::raise_threshold(node, schema, signals.at(node.inputs[0]).units);
  }
  return raised;
}

}  // namespace

std::vector<LayerRounding> quantize(Graph& graph, const SchemaSet& schemas, const std::string& source) {
  if (arithmetic_of(graph) == Arithmetic::fixed)
    throw InputError(source, "", "the graph has fixed arithmetic already");
  Faults faults;
  Graph real = graph;
  fixed::absorb_into_input(real, schemas);
  check_pools(real, validate_or_throw(real, schemas, source), faults);
  check_bounds(real, schemas, faults);
  bound_counts(real, schemas);
  fixed::Kinds kinds = fixed::find_kinds(real, schemas, faults);
  throw_if_any(source, faults);

  fixed::insert_conversions(real, schemas, kinds);
  std::vector<LayerRounding> layers;
  Graph result;
  fixed::Signals signals;
  constexpr int most_rounds = 8;  // larger events make larger units behind them
  for (int round = 0; round < most_rounds; ++round) {
    layers = round_all(real, schemas, source, result, signals);
    if (!raise_thresholds(real, schemas, signals)) break;
  }
  validate_or_throw(result, schemas, source);
  graph = std::move(result);
  return layers;
}

}  // namespace rheobase
