#include "neurons/relu.h"

#include <fmt/format.h>

#include <utility>

namespace rheobase {
namespace {

constexpr double unbounded = std::numeric_limits<double>::infinity();

std::optional<Shape> infer(const Node& node, std::span<const Shape> inputs, Faults& faults) {
  const double max = node.real("max", unbounded);
  if (max > 0) return inputs[0];
  faults.push_back({node.name, fmt::format("max is {}, expected more than 0", max)});
  return std::nullopt;
}

}  // namespace

ReluParameters ReluParameters::of(const Node& node) {
  return {static_cast<float>(node.real("max", unbounded))};
}

Node ReluParameters::node(std::string name, std::string input) const {
  Node node{std::move(name), "ReLU", {std::move(input)}, {}, {}};
  if (max < std::numeric_limits<float>::infinity()) node.attributes["max"] = static_cast<double>(max);
  return node;
}

OpSchema relu_schema() {
  OpSchema schema{"ReLU", Role::neuron, 1, 1, {{"max", 0.0}}, {}, infer};
  schema.is_monotone = true;
  return schema;
}

}  // namespace rheobase
