#include "neurons/if.h"

#include <fmt/format.h>

#include <utility>

namespace rheobase {
namespace {

std::optional<Reset> parse_reset(const std::string& word) {
  for (const Reset reset : {Reset::subtract, Reset::zero, Reset::none}) {
    if (word == to_string(reset)) return reset;
  }
  return std::nullopt;
}

std::optional<Shape> infer(const Node& node, std::span<const Shape> inputs, Faults& faults) {
  const std::size_t before = faults.size();
  expect_per_channel(node, "v_threshold", inputs[0][0], faults);
  expect_per_channel(node, "v_init", inputs[0][0], faults);
  for (const float value : node.tensors.at("v_threshold").values) {
    if (value > 0) continue;
    faults.push_back({node.name, fmt::format("v_threshold is {}, expected more than 0", value)});
    break;
  }
  const std::string reset = node.word("reset", "subtract");
  if (!parse_reset(reset)) {
    faults.push_back({node.name, fmt::format("reset is '{}', expected subtract, zero or none", reset)});
  }
  if (faults.size() != before) return std::nullopt;
  return inputs[0];
}

}  // namespace

const char* to_string(Reset reset) {
  switch (reset) {
    case Reset::subtract:
      return "subtract";
    case Reset::zero:
      return "zero";
    case Reset::none:
      return "none";
  }
  throw InternalError("not a reset rule");
}

IfParameters IfParameters::of(const Node& node) {
  IfParameters parameters;
  parameters.v_threshold = node.tensors.at("v_threshold");
  if (const Tensor* v_init = node.tensor("v_init")) parameters.v_init = *v_init;
  parameters.reset = parse_reset(node.word("reset", "subtract")).value();
  parameters.v_reset = static_cast<float>(node.real("v_reset", 0.0));
  return parameters;
}

Node IfParameters::node(std::string name, std::string input) const {
  Node node{std::move(name), "IF", {std::move(input)}, {}, {}};
  node.attributes["reset"] = std::string(to_string(reset));
  if (reset == Reset::zero) node.attributes["v_reset"] = static_cast<double>(v_reset);
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
