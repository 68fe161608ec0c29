#include "neurons/li.h"

#include <utility>

namespace rheobase {
namespace {

std::optional<Shape> infer(const Node& node, std::span<const Shape> inputs, Faults& faults) {
  const std::size_t before = faults.size();
  for (const char* tensor : {"decay", "v_leak", "v_init"})
    expect_per_channel(node, tensor, inputs[0][0], faults);
  expect_within(node, "decay", 0.0, 1.0, faults);
  if (faults.size() != before) return std::nullopt;
  return inputs[0];
}

}  // namespace

LiParameters LiParameters::of(const Node& node) {
  LiParameters parameters;
  parameters.decay = node.tensors.at("decay");
  if (const Tensor* v_leak = node.tensor("v_leak")) parameters.v_leak = *v_leak;
  if (const Tensor* v_init = node.tensor("v_init")) parameters.v_init = *v_init;
  return parameters;
}

Node LiParameters::node(std::string name, std::string input) const {
  Node node{std::move(name), "LI", {std::move(input)}, {}, {{"decay", decay}, {"v_leak", v_leak}}};
  if (v_init) node.tensors["v_init"] = *v_init;
  return node;
}

OpSchema li_schema() {
  OpSchema schema{"LI", Role::neuron, 1, 1, {}, {{"decay"}, {"v_leak", false}, {"v_init", false}}, infer};
  schema.reals_only = true;
  return schema;
}

}  // namespace rheobase
