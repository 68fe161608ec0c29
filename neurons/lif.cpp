#include "neurons/lif.h"

#include <utility>

#include "neurons/leak.h"

namespace rheobase {
namespace {

std::optional<Shape> infer(const Node& node, std::span<const Shape> inputs, Faults& faults) {
  const std::size_t before = faults.size();
  for (const char* tensor : {"decay", "v_threshold", "height", "v_leak", "v_reset", "v_init"})
    expect_per_channel(node, tensor, inputs[0][0], faults);
  expect_decay(node, faults);
  for (const char* tensor : {"v_threshold", "height"}) expect_positive(node, tensor, faults);
  expect_reset(node, faults);
  if (faults.size() != before) return std::nullopt;
  return inputs[0];
}

}  // namespace

LifParameters LifParameters::of(const Node& node) {
  LifParameters parameters;
  parameters.decay = node.tensors.at("decay");
  parameters.v_threshold = node.tensors.at("v_threshold");
  parameters.height = node.tensors.at("height");
  if (const Tensor* v_leak = node.tensor("v_leak")) parameters.v_leak = *v_leak;
  if (const Tensor* v_reset = node.tensor("v_reset")) parameters.v_reset = *v_reset;
  if (const Tensor* v_init = node.tensor("v_init")) parameters.v_init = *v_init;
  parameters.reset = reset_of(node);
  return parameters;
}

Node LifParameters::node(std::string name, std::string input) const {
  Node node{std::move(name), "LIF", {std::move(input)}, {}, {}};
  node.attributes["reset"] = std::string(to_string(reset));
  node.tensors = {{"decay", decay}, {"v_threshold", v_threshold}, {"height", height.value_or(v_threshold)}};
  node.tensors["v_leak"] = v_leak;
  if (reset == Reset::zero) node.tensors["v_reset"] = v_reset;
  if (v_init) node.tensors["v_init"] = *v_init;
  return node;
}

OpSchema lif_schema() {
  OpSchema schema{"LIF",
                  Role::neuron,
                  1,
                  1,
                  {{"reset", std::string()}, decay_shift_spec()},
                  {{"decay"},
                   {"v_threshold", true, Potential::threshold},
                   {"height"},
                   {"v_leak", false, Potential::rest},
                   {"v_reset", false, Potential::reset},
                   {"v_init", false, Potential::rest}},
                  infer};
  schema.spike_height = "height";
  schema.make_fixed = make_decay_fixed;
  return schema;
}

}  // namespace rheobase
