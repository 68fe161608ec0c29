#include "binarize/train/export.h"

#include <cmath>

#include "binarize/train/binary_weights.h"
#include "neurons/relu.h"

namespace rheobase {
namespace {

Node synapse(Node node, const EstimatorSettings& estimator) {
  Tensor& weight = node.tensors.at("weight");
  weight.values = BinaryWeights(estimator, node.word("scale", "layer") == "channel").binarized(weight);
  node.op = node.op.substr(std::string("Binary").size());
  node.attributes.erase("scale");
  return node;
}

Node affine(std::string name, std::string input, Tensor scale, Tensor shift) {
  return {std::move(name),
          "Affine",
          {std::move(input)},
          {},
          {{"scale", std::move(scale)}, {"shift", std::move(shift)}}};
}

Node batch_norm(const Node& node) {
  Tensor scale = node.tensors.at("weight"), shift = node.tensors.at("bias");
  const double epsilon = node.real("epsilon", 1e-5);
  for (std::size_t c = 0; c < scale.values.size(); ++c) {
    const double slope = scale.values[c] / std::sqrt(node.tensors.at("running_var").values[c] + epsilon);
    scale.values[c] = static_cast<float>(slope);
    shift.values[c] = static_cast<float>(shift.values[c] - node.tensors.at("running_mean").values[c] * slope);
  }
  return affine(node.name, node.inputs.at(0), std::move(scale), std::move(shift));
}

// relu(x) - slope relu(-x)
void add_prelu(Graph& graph, const Node& node) {
  Tensor slope = node.tensors.at("slope");
  for (float& value : slope.values) value = -value;
  const std::string& input = node.inputs.at(0);
  const auto part = [&](const char* suffix) { return node.name + suffix; };
  graph.nodes.push_back(ReluParameters{}.node(part(".positive"), input));
  graph.nodes.push_back(affine(part(".mirrored"), input, scalar_tensor(-1.0F), scalar_tensor(0.0F)));
  graph.nodes.push_back(ReluParameters{}.node(part(".negative"), part(".mirrored")));
  graph.nodes.push_back(affine(part(".scaled"), part(".negative"), std::move(slope), scalar_tensor(0.0F)));
  graph.nodes.push_back({node.name, "Add", {part(".positive"), part(".scaled")}, {}, {}});
}

}  // namespace

Graph trained_graph(const Graph& training, const EstimatorSettings& estimator) {
  Graph graph;
  for (const Node& node : training.nodes) {
    if (node.op.starts_with("Binary")) {
      graph.nodes.push_back(synapse(node, estimator));
    } else if (node.op == "BatchNorm") {
      graph.nodes.push_back(batch_norm(node));
    } else if (node.op == "PReLU") {
      add_prelu(graph, node);
    } else {
      graph.nodes.push_back(node);
    }
  }
  return graph;
}

}  // namespace rheobase
