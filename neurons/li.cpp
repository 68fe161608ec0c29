#include "neurons/li.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "neurons/leak.h"
#include "neurons/lif_step.h"

namespace rheobase {
namespace {

std::optional<Shape> infer(const Node& node, std::span<const Shape> inputs, Faults& faults) {
  const std::size_t before = faults.size();
  for (const char* tensor : {"decay", "v_leak", "v_init"})
    expect_per_channel(node, tensor, inputs[0][0], faults);
  expect_decay(node, faults);
  if (faults.size() != before) return std::nullopt;
  return inputs[0];
}

// |u| stays within where it begins, and where v_leak alone would take it, or the end of its geometric series.
std::optional<std::int64_t> reach(const Node& node, std::int64_t channel, std::int64_t current) {
  const std::int32_t decay = fixed_decay_of(node, channel);
  if (decay >= 1 << lif_decay_bits) return std::nullopt;
  const LiParameters neuron = LiParameters::of(node);
  const auto v_leak = static_cast<std::int64_t>(neuron.v_leak.of_channel(channel));
  const auto start = static_cast<std::int64_t>(neuron.start().of_channel(channel));
  const std::int64_t u = std::max({std::abs(start - v_leak), std::abs(v_leak), leaky_reach(decay, current)});
  return u + std::abs(v_leak);
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
  OpSchema schema{"LI",
                  Role::neuron,
                  1,
                  1,
                  {decay_shift_spec()},
                  {{"decay"}, {"v_leak", false, Potential::rest}, {"v_init", false, Potential::rest}},
                  infer};
  schema.make_fixed = make_decay_fixed;
  schema.reach = reach;
  return schema;
}

}  // namespace rheobase
