#include "converters/passes/correction.h"

#include <algorithm>
#include <utility>

#include "sim/core/error.h"

namespace rheobase {
namespace {

// One number a channel plus `difference` times `factor`; `old` may be none.
Tensor shifted(const Tensor* old, const std::vector<double>& difference, double factor) {
  std::vector<float> values;
  for (std::size_t c = 0; c < difference.size(); ++c) {
    const double before = old != nullptr ? old->of_channel(static_cast<std::int64_t>(c)) : 0.0;
    values.push_back(static_cast<float>(before + factor * difference[c]));
  }
  const Shape shape{static_cast<std::int64_t>(values.size())};
  return {shape, std::move(values)};
}

bool has_one_reader(const Graph& graph, const std::string& name) {
  std::size_t readers = 0;
  for (const Node& node : graph.nodes)
    readers += static_cast<std::size_t>(std::count(node.inputs.begin(), node.inputs.end(), name));
  return readers == 1;
}

// The layer whose bias is what is added to `name` at every step; nothing where there is none. A sum of
// currents grows with one of them, and the maximum of a channel with the channel.
Node* layer_behind(Graph& graph, const SchemaSet& schemas, const std::string& name) {
  Node& node = *graph.find(name);
  const OpSchema& schema = schemas.of(node);
  if (!has_one_reader(graph, name)) return nullptr;
  if (schema.has_real_weights() || schema.role == Role::scaling) return &node;
  const bool maximum = schema.role == Role::pool && schema.has_state;  // of sums over time
  if (schema.role != Role::join && !maximum) return nullptr;
  for (const std::string& input : node.inputs) {
    if (Node* const layer = layer_behind(graph, schemas, input)) return layer;
  }
  return nullptr;
}

void add_bias(Graph& graph, const SchemaSet& schemas, const std::string& neuron,
              const std::vector<double>& difference) {
  const std::string input = graph.find(neuron)->inputs.at(0);
  if (Node* const layer = layer_behind(graph, schemas, input)) {
    Tensor& bias = layer->tensors[schemas.of(*layer).role == Role::scaling ? "shift" : "bias"];
    bias = shifted(bias.size() > 0 ? &bias : nullptr, difference, 1.0);
    return;
  }
  std::string name = neuron + ".bias";
  while (graph.find(name) != nullptr) name += '\'';
  graph.find(neuron)->inputs[0] = name;
  Tensor ones{{static_cast<std::int64_t>(difference.size())}, std::vector<float>(difference.size(), 1.0F)};
  graph.nodes.push_back({name,
                         "Affine",
                         {input},
                         {},
                         {{"scale", std::move(ones)}, {"shift", shifted(nullptr, difference, 1.0)}}});
}

void add_potential(Node& neuron, const OpSchema& schema, const std::vector<double>& difference,
                   double factor) {
  const auto rest = std::find_if(schema.tensors.begin(), schema.tensors.end(),
                                 [](const TensorSpec& spec) { return spec.potential == Potential::rest; });
  if (rest == schema.tensors.end()) throw InternalError(neuron.op + " has no potential to start from");
  neuron.tensors[rest->name] = shifted(neuron.tensor(rest->name), difference, factor);
}

}  // namespace

Correction parse_correction(const std::string& name) {
  if (name == "none") return Correction::none;
  if (name == "light") return Correction::bias;
  if (name == "potential") return Correction::potential;
  throw InputError("--calibrate", name, "expected none, light or potential");
}

void correct_neuron(Graph& graph, const SchemaSet& schemas, const std::string& neuron,
                    const std::vector<double>& difference, Correction correction, int steps) {
  if (correction == Correction::none) return;
  Node& node = *graph.find(neuron);
  const bool running = graph.output().integer("running", 0) != 0;
  if (running && correction == Correction::potential) throw InternalError(neuron + " starts from its bias");
  if (running) return add_potential(node, schemas.of(node), difference, 1.0);
  if (correction == Correction::potential) return add_potential(node, schemas.of(node), difference, steps);
  add_bias(graph, schemas, neuron, difference);
}

}  // namespace rheobase
