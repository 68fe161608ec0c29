#include "converters/passes/fixed_joins.h"

#include <algorithm>

namespace rheobase::fixed {
namespace {

Tensor tensor_of(const std::vector<double>& values) {
  return {{static_cast<std::int64_t>(values.size())}, {values.begin(), values.end()}};
}

// The only reader of `name`, with its index; -1 where there are more.
int sole_reader(const Graph& graph, const std::string& name) {
  int found = -1;
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    for (const std::string& input : graph.nodes[i].inputs) {
      if (input != name) continue;
      if (found >= 0) return -1;
      found = static_cast<int>(i);
    }
  }
  return found;
}

// scale * (x - mean) / std + shift, as a mean and a std.
void normalize_by(Node& input, const Node& affine) {
  const Tensor& scale = affine.tensors.at("scale");
  const Tensor& shift = affine.tensors.at("shift");
  const Tensor mean = input.tensor("mean") != nullptr ? *input.tensor("mean") : scalar_tensor(0.0F);
  const Tensor std = input.tensor("std") != nullptr ? *input.tensor("std") : scalar_tensor(1.0F);
  std::size_t width = 1;
  for (const Tensor* tensor : {&scale, &shift, &mean, &std}) width = std::max(width, tensor->size());
  std::vector<double> means, stds;
  for (std::size_t c = 0; c < width; ++c) {
    const auto channel = static_cast<std::int64_t>(c);
    stds.push_back(std.of_channel(channel) / scale.of_channel(channel));
    means.push_back(mean.of_channel(channel) - shift.of_channel(channel) * stds.back());
  }
  input.tensors["mean"] = tensor_of(means);
  input.tensors["std"] = tensor_of(stds);
}

bool reads_currents(const Node& node, const OpSchema& schema, const Kinds& kinds) {
  return schema.role == Role::join || schema.is_spiking() || schema.emits_potential() ||
         (schema.carries() && kinds.at(node.name) == Kind::current);
}

Node conversion(const Graph& graph, const std::string& join, const std::string& input) {
  Node node{join + "." + input, "Affine", {input}, {}, {}};
  while (graph.find(node.name) != nullptr) node.name += '\'';
  node.tensors["scale"] = scalar_tensor(1.0F);
  node.tensors["shift"] = scalar_tensor(0.0F);
  return node;
}

}  // namespace

void absorb_into_input(Graph& graph, const SchemaSet& schemas) {
  while (true) {
    Node& input = graph.input();
    const int index = sole_reader(graph, input.name);
    if (index < 0 || schemas.of(graph.nodes[index]).role != Role::scaling) return;
    const Node affine = graph.nodes[index];
    const auto& scale = affine.tensors.at("scale").reals();
    if (std::any_of(scale.begin(), scale.end(), [](float value) { return value <= 0; })) return;
    normalize_by(input, affine);
    for (Node& node : graph.nodes) {
      std::replace(node.inputs.begin(), node.inputs.end(), affine.name, input.name);
    }
    graph.nodes.erase(graph.nodes.begin() + index);
  }
}

void insert_conversions(Graph& graph, const SchemaSet& schemas, const Kinds& kinds) {
  std::vector<Node> nodes;
  for (Node node : graph.nodes) {
    std::map<std::string, std::string> converted;  // an Add may read a signal twice
    const bool converts = reads_currents(node, schemas.of(node), kinds);
    for (std::string& input : node.inputs) {
      if (!converts || kinds.at(input) == Kind::current) continue;
      const auto [found, fresh] = converted.emplace(input, "");
      if (fresh) {
        nodes.push_back(conversion(graph, node.name, input));
        found->second = nodes.back().name;
      }
      input = found->second;
    }
    nodes.push_back(std::move(node));
  }
  graph.nodes = std::move(nodes);
}

}  // namespace rheobase::fixed
