#include "binarize/train/export.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "binarize/train/binary_weights.h"
#include "neurons/relu.h"

namespace rheobase {
namespace {

// The scales alpha of a binary synapse, one number an output channel, apart from its weights of +-1: sums are
// whole numbers then, whoever computes them.
struct ScaledSynapse {
  Node node;
  Tensor alpha;
};

ScaledSynapse synapse(Node node, const EstimatorSettings& estimator) {
  Tensor& weight = node.tensors.at("weight");
  std::vector<float>& weights = weight.reals();
  weights = BinaryWeights(estimator, node.word("scale", "layer") == "channel").binarized(weight);
  const std::int64_t outputs = weight.shape.at(0);
  const std::size_t row = weights.size() / static_cast<std::size_t>(outputs);
  std::vector<float> scales;
  for (std::size_t i = 0; i < weights.size(); i += row) scales.push_back(std::abs(weights[i]));
  Tensor alpha{{outputs}, std::move(scales)};
  for (float& w : weights) w = std::signbit(w) ? -1.0F : 1.0F;
  node.op = node.op.substr(std::string("Binary").size());
  node.attributes.erase("scale");
  return {std::move(node), std::move(alpha)};
}

Node affine(std::string name, std::string input, Tensor scale, Tensor shift) {
  return {std::move(name),
          "Affine",
          {std::move(input)},
          {},
          {{"scale", std::move(scale)}, {"shift", std::move(shift)}}};
}

Node batch_norm(const Node& node) {
  std::vector<float> scale = node.tensors.at("weight").reals(), shift = node.tensors.at("bias").reals();
  const std::vector<float>& mean = node.tensors.at("running_mean").reals();
  const std::vector<float>& variance = node.tensors.at("running_var").reals();
  const double epsilon = node.real("epsilon", 1e-5);
  for (std::size_t c = 0; c < scale.size(); ++c) {
    const double slope = scale[c] / std::sqrt(variance[c] + epsilon);
    scale[c] = static_cast<float>(slope);
    shift[c] = static_cast<float>(shift[c] - mean[c] * slope);
  }
  const Shape channels{static_cast<std::int64_t>(scale.size())};
  return affine(node.name, node.inputs.at(0), {channels, std::move(scale)}, {channels, std::move(shift)});
}

// relu(x) - slope relu(-x)
void add_prelu(Graph& graph, const Node& node) {
  Tensor slope = node.tensors.at("slope");
  for (float& value : slope.reals()) value = -value;
  const std::string& input = node.inputs.at(0);
  const auto part = [&](const char* suffix) { return node.name + suffix; };
  graph.nodes.push_back(ReluParameters{}.node(part(".positive"), input));
  graph.nodes.push_back(affine(part(".mirrored"), input, scalar_tensor(-1.0F), scalar_tensor(0.0F)));
  graph.nodes.push_back(ReluParameters{}.node(part(".negative"), part(".mirrored")));
  graph.nodes.push_back(affine(part(".scaled"), part(".negative"), std::move(slope), scalar_tensor(0.0F)));
  graph.nodes.push_back({node.name, "Add", {part(".positive"), part(".scaled")}, {}, {}});
}

Node* sole_reader(Graph& graph, const std::string& name) {
  Node* found = nullptr;
  for (Node& node : graph.nodes) {
    for (const std::string& input : node.inputs) {
      if (input != name) continue;
      if (found != nullptr) return nullptr;
      found = &node;
    }
  }
  return found;
}

// Multiplies what `name` gives by alpha >= 0: in the Affine behind it, past a ReLU, or in a new one.
void scale_behind(Graph& graph, const std::string& name, const Tensor& alpha) {
  Node* next = sole_reader(graph, name);
  if (next != nullptr && next->op == "ReLU" && !next->attributes.contains("max"))
    next = sole_reader(graph, next->name);
  if (next != nullptr && next->op == "Affine" && next->tensors.at("scale").shape == alpha.shape) {
    Tensor& scale = next->tensors.at("scale");
    for (std::size_t c = 0; c < alpha.size(); ++c) scale.reals()[c] *= alpha.reals()[c];
    return;
  }
  const std::string scaled = name + ".scale";
  for (Node& node : graph.nodes) std::replace(node.inputs.begin(), node.inputs.end(), name, scaled);
  graph.nodes.push_back(affine(scaled, name, alpha, scalar_tensor(0.0F)));
}

}  // namespace

Graph trained_graph(const Graph& training, const EstimatorSettings& estimator) {
  Graph graph;
  std::map<std::string, Tensor> scales;
  for (const Node& node : training.nodes) {
    if (node.op.starts_with("Binary")) {
      ScaledSynapse binary = synapse(node, estimator);
      scales[node.name] = std::move(binary.alpha);
      graph.nodes.push_back(std::move(binary.node));
    } else if (node.op == "BatchNorm") {
      graph.nodes.push_back(batch_norm(node));
    } else if (node.op == "PReLU") {
      add_prelu(graph, node);
    } else {
      graph.nodes.push_back(node);
    }
  }
  for (const auto& [name, alpha] : scales) scale_behind(graph, name, alpha);
  return graph;
}

}  // namespace rheobase
