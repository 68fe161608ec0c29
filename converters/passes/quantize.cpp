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

void check_neurons(const Graph& graph, const SchemaSet& schemas, Faults& faults) {
  for (const Node& node : graph.nodes) {
    if (node.op == delay_op)
      faults.push_back({node.name,
                        "closes a cycle, and recurrent networks have no form in integers in this version: "
                        "convert with --arithmetic float32"});
    if (!schemas.of(node).reals_only) continue;
    faults.push_back(
        {node.name, fmt::format("is a {}, which fixed arithmetic does not have in this version: convert "
                                "with --arithmetic float32",
                                node.op)});
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
    if (schema.carries() && kinds.at(node.name) != fixed::Kind::current)
      signals[node.name] = fixed::carried(node, network, signals);
    if (!schema.is_synapse() || kinds.at(node.inputs[0]) == fixed::Kind::current) continue;
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
void round_ends(const fixed::Network& real, const fixed::Signals& signals, Graph& result) {
  for (std::size_t i = 0; i < real.graph.nodes.size(); ++i) {
    const Node& node = real.graph.nodes[i];
    const OpSchema& schema = real.schema(node);
    if (schema.is_spiking())
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
  throw_if_any(source, faults);

  fixed::drop_silent_inputs(real, schemas, shapes);
  result = real;
  fixed::UnitChooser chooser(network, currents, signals, result);
  for (const fixed::Current& current : currents.list) chooser.choose(current);
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
  check_neurons(real, schemas, faults);
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
