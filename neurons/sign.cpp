#include "neurons/sign.h"

#include <utility>

namespace rheobase {
namespace {

std::optional<Shape> infer(const Node& node, std::span<const Shape> inputs, Faults& faults) {
  if (node.tensor("threshold") != nullptr && !expect_per_channel(node, "threshold", inputs[0][0], faults))
    return std::nullopt;
  return inputs[0];
}

}  // namespace

SignParameters SignParameters::of(const Node& node) {
  SignParameters parameters;
  if (const Tensor* threshold = node.tensor("threshold")) parameters.threshold = *threshold;
  return parameters;
}

Node SignParameters::node(std::string name, std::string input) const {
  Node node = sign_node(std::move(name), std::move(input));
  node.tensors["threshold"] = threshold;
  return node;
}

Node sign_node(std::string name, std::string input) {
  return {std::move(name), "Sign", {std::move(input)}, {}, {}};
}

OpSchema sign_schema() {
  OpSchema schema{"Sign", Role::neuron, 1, 1, {}, {{"threshold", false}}, infer};
  schema.is_monotone = true;
  return schema;
}

}  // namespace rheobase
