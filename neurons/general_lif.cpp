#include "neurons/general_lif.h"

#include <fmt/format.h>

#include <limits>
#include <utility>

#include "neurons/leak.h"

namespace rheobase {
namespace {

void expect_delay(const Node& node, Faults& faults) {
  const std::int64_t delay = node.integer("reset_delay", 0);
  if (delay != 0 && delay != 1)
    faults.push_back({node.name, fmt::format("reset_delay is {}, expected 0 or 1", delay)});
  else if (delay == 1 && node.word("reset", "subtract") != to_string(Reset::subtract))
    faults.push_back({node.name, "has reset_delay 1, and only reset subtract can be delayed"});
}

std::optional<Shape> infer(const Node& node, std::span<const Shape> inputs, Faults& faults) {
  constexpr double most = std::numeric_limits<float>::max();
  const std::size_t before = faults.size();
  for (const char* tensor :
       {"decay", "v_threshold", "height", "v_drop", "v_leak", "v_reset", "v_min", "v_init"})
    expect_per_channel(node, tensor, inputs[0][0], faults);
  expect_decay(node, faults);
  expect_within(node, "v_drop", 0.0, most, faults);
  expect_within(node, "v_min", -most, 0.0, faults);
  for (const char* tensor : {"v_threshold", "height"}) expect_positive(node, tensor, faults);
  expect_reset(node, faults);
  expect_delay(node, faults);
  if (faults.size() != before) return std::nullopt;
  return inputs[0];
}

}  // namespace

GeneralLifParameters GeneralLifParameters::of(const Node& node) {
  GeneralLifParameters parameters;
  parameters.decay = node.tensors.at("decay");
  parameters.v_threshold = node.tensors.at("v_threshold");
  parameters.height = node.tensors.at("height");
  if (const Tensor* v_leak = node.tensor("v_leak")) parameters.v_leak = *v_leak;
  if (const Tensor* v_reset = node.tensor("v_reset")) parameters.v_reset = *v_reset;
  if (const Tensor* v_drop = node.tensor("v_drop")) parameters.v_drop = *v_drop;
  if (const Tensor* v_min = node.tensor("v_min")) parameters.v_min = *v_min;
  if (const Tensor* v_init = node.tensor("v_init")) parameters.v_init = *v_init;
  parameters.reset = reset_of(node);
  parameters.reset_delay = node.integer("reset_delay", 0) != 0;
  return parameters;
}

Node GeneralLifParameters::node(std::string name, std::string input) const {
  Node node{std::move(name), "GeneralLIF", {std::move(input)}, {}, {}};
  node.attributes["reset"] = std::string(to_string(reset));
  if (reset_delay) node.attributes["reset_delay"] = std::int64_t{1};
  node.tensors = {{"decay", decay}, {"v_threshold", v_threshold}, {"height", height.value_or(v_threshold)}};
  node.tensors["v_leak"] = v_leak;
  if (reset == Reset::zero) node.tensors["v_reset"] = v_reset;
  if (v_drop) node.tensors["v_drop"] = *v_drop;
  if (v_min) node.tensors["v_min"] = *v_min;
  if (v_init) node.tensors["v_init"] = *v_init;
  return node;
}

OpSchema general_lif_schema() {
  OpSchema schema{"GeneralLIF",
                  Role::neuron,
                  1,
                  1,
                  {{"reset", std::string()}, {"reset_delay", std::int64_t{0}}, decay_shift_spec()},
                  {{"decay"},
                   {"v_threshold", true, Potential::threshold},
                   {"height"},
                   {"v_drop", false, Potential::reset},
                   {"v_reset", false, Potential::reset},
                   {"v_min", false, Potential::rest},
                   {"v_leak", false, Potential::rest},
                   {"v_init", false, Potential::rest}},
                  infer};
  schema.spike_height = "height";
  schema.make_fixed = make_decay_fixed;
  return schema;
}

}  // namespace rheobase
