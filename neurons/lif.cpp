#include "neurons/lif.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "neurons/lif_step.h"

namespace rheobase {
namespace {

// In float32 arithmetic there is no `decay_shift`, and a decay is 0 to 1.
void expect_decay(const Node& node, Faults& faults) {
  const double one = std::ldexp(1.0, static_cast<int>(node.integer("decay_shift", 0)));
  const Tensor& decay = node.tensors.at("decay");
  for (std::size_t i = 0; i < decay.size(); ++i) {
    if (decay.at(i) >= 0 && decay.at(i) <= one) continue;
    faults.push_back({node.name, fmt::format("decay is {}, expected 0 to {}", decay.at(i), one)});
    return;
  }
}

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

// To the nearest multiple of 2^-lif_decay_bits: exact from 1/2 on, where float32 has no finer ones.
void make_fixed(Node& node) {
  Tensor& decay = node.tensors.at("decay");
  std::vector<std::int32_t> integers;
  for (const float value : decay.reals())
    integers.push_back(static_cast<std::int32_t>(std::round(std::ldexp(value, lif_decay_bits))));
  decay = Tensor(decay.shape, std::move(integers));
  node.attributes["decay_shift"] = std::int64_t{lif_decay_bits};
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
  OpSchema schema{
      "LIF",
      Role::neuron,
      1,
      1,
      {{"reset", std::string()}, {"decay_shift", std::int64_t{0}, false, Potential::none, lif_decay_bits}},
      {{"decay"},
       {"v_threshold", true, Potential::threshold},
       {"height"},
       {"v_leak", false, Potential::rest},
       {"v_reset", false, Potential::reset},
       {"v_init", false, Potential::rest}},
      infer};
  schema.spike_height = "height";
  schema.make_fixed = make_fixed;
  return schema;
}

}  // namespace rheobase
