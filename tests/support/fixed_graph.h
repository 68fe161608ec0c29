#pragma once

#include <algorithm>
#include <cmath>

#include "neurons/schemas.h"
#include "sim/graph/arithmetic.h"

namespace rheobase::testing {

/// A graph written down with whole reals, its tensors held as its arithmetic asks for.
inline Graph with_value_types(Graph graph) {
  SchemaSet schemas;
  add_structural_schemas(schemas);
  add_neuron_schemas(schemas);
  set_value_types(graph, schemas);
  return graph;
}

/// Makes a graph of GraphBuilder a fixed one: not the network it was, but one with integers of the sizes that
/// conversion finds. Synapses that read the image get a shift.
inline Graph with_integers(Graph graph) {
  SchemaSet neurons;
  add_neuron_schemas(neurons);
  const auto round = [](Tensor& tensor, float scale, float limit) {
    tensor = tensor.as(ValueType::float32).value();
    for (float& value : tensor.reals()) value = std::clamp(std::round(value * scale), -limit, limit);
  };
  for (Node& node : graph.nodes) {
    if (node.op == "Input") node.attributes["fraction_bits"] = std::int64_t{12};
    if (node.op == "Output") node.tensors["unit"] = scalar_tensor(0.01F);
    if (node.op == "Input" || node.op == "Output") continue;
    const bool synapse = node.op == "Conv2d" || node.op == "Linear";
    for (auto& [key, tensor] : node.tensors) {
      const bool weight = synapse && key == "weight";
      if (key != "decay") round(tensor, weight ? 120.0F : 400.0F, weight ? 127.0F : 1e6F);
    }
    const OpSchema* neuron = neurons.find(node.op);
    if (neuron != nullptr && neuron->make_fixed) neuron->make_fixed(node);
    for (auto& [key, attribute] : node.attributes) {
      if (key == "v_reset") attribute = std::round(std::get<double>(attribute) * 400.0);
    }
    const Node* source = graph.find(node.inputs.at(0));
    if (synapse && source->op == "Input") node.attributes["shift"] = std::int64_t{12};
  }
  return with_value_types(std::move(graph));
}

}  // namespace rheobase::testing
