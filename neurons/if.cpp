#include "neurons/if.h"

#include <utility>

namespace rheobase {
namespace {

std::optional<Shape> infer(const Node& node, std::span<const Shape> inputs, Faults& faults) {
  const std::size_t before = faults.size();
  expect_per_channel(node, "v_threshold", inputs[0][0], faults);
  expect_per_channel(node, "v_init", inputs[0][0], faults);
  expect_positive(node, "v_threshold", faults);
  expect_reset(node, faults);
  if (faults.size() != before) return std::nullopt;
  return inputs[0];
}

}  // namespace

IfParameters IfParameters::of(const Node& node) {
  IfParameters parameters;
  parameters.v_threshold = node.tensors.at("v_threshold");
  if (const Tensor* v_init = node.tensor("v_init")) parameters.v_init = *v_init;
  parameters.reset = reset_of(node);
  parameters.v_reset = node.real("v_reset", 0.0);
  return parameters;
}

Node IfParameters::node(std::string name, std::string input) const {
  Node node{std::move(name), "IF", {std::move(input)}, {}, {}};
  node.attributes["reset"] = std::string(to_string(reset));
  if (reset == Reset::zero) node.attributes["v_reset"] = v_reset;
  node.tensors["v_threshold"] = v_threshold;
  node.tensors["v_init"] = v_init;
  return node;
}

OpSchema if_schema() {
  OpSchema schema{"IF",
                  Role::neuron,
                  1,
                  1,
                  {{"reset", std::string()}, {"v_reset", 0.0, false, Potential::reset}},
                  {{"v_threshold", true, Potential::threshold}, {"v_init", false, Potential::rest}},
                  infer};
  schema.spike_height = "v_threshold";
  return schema;
}

}  // namespace rheobase
