#include "neurons/burst_lif.h"

#include <fmt/format.h>

#include <limits>
#include <utility>

namespace rheobase {
namespace {

void expect_max_spikes(const Node& node, Faults& faults) {
  const std::int64_t most = node.integer("max_spikes", 0);
  if (most >= 0 && most <= most_burst_spikes) return;
  faults.push_back({node.name, fmt::format("max_spikes is {}, expected 1 to {}, or 0 for no bound", most,
                                           most_burst_spikes)});
}

std::optional<Shape> infer(const Node& node, std::span<const Shape> inputs, Faults& faults) {
  const std::size_t before = faults.size();
  for (const char* tensor : {"decay", "v_threshold", "height", "v_min", "v_init"})
    expect_per_channel(node, tensor, inputs[0][0], faults);
  expect_within(node, "decay", 0.0, 1.0, faults);
  expect_within(node, "v_min", std::numeric_limits<float>::lowest(), 0.0, faults);
  for (const char* tensor : {"v_threshold", "height"}) expect_positive(node, tensor, faults);
  expect_max_spikes(node, faults);
  if (faults.size() != before) return std::nullopt;
  return inputs[0];
}

}  // namespace

BurstLifParameters BurstLifParameters::of(const Node& node) {
  BurstLifParameters parameters;
  parameters.decay = node.tensors.at("decay");
  parameters.v_threshold = node.tensors.at("v_threshold");
  parameters.height = node.tensors.at("height");
  if (const Tensor* v_init = node.tensor("v_init")) parameters.v_init = *v_init;
  if (const Tensor* v_min = node.tensor("v_min")) parameters.v_min = *v_min;
  parameters.max_spikes = node.integer("max_spikes", 0);
  return parameters;
}

Node BurstLifParameters::node(std::string name, std::string input) const {
  Node node{std::move(name), "BurstLIF", {std::move(input)}, {}, {}};
  if (max_spikes != 0) node.attributes["max_spikes"] = max_spikes;
  node.tensors = {{"decay", decay}, {"v_threshold", v_threshold}, {"height", height.value_or(v_threshold)}};
  node.tensors["v_init"] = v_init;
  if (v_min) node.tensors["v_min"] = *v_min;
  return node;
}

OpSchema burst_lif_schema() {
  OpSchema schema{"BurstLIF",
                  Role::neuron,
                  1,
                  1,
                  {{"max_spikes", std::int64_t{0}}},
                  {{"decay"},
                   {"v_threshold", true, Potential::threshold},
                   {"height"},
                   {"v_min", false, Potential::rest},
                   {"v_init", false, Potential::rest}},
                  infer};
  schema.spike_height = "height";
  schema.emits_counts = true;
  schema.reals_only = true;
  return schema;
}

}  // namespace rheobase
