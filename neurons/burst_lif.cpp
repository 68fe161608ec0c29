#include "neurons/burst_lif.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "neurons/leak.h"

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
  expect_decay(node, faults);
  expect_within(node, "v_min", std::numeric_limits<float>::lowest(), 0.0, faults);
  for (const char* tensor : {"v_threshold", "height"}) expect_positive(node, tensor, faults);
  expect_max_spikes(node, faults);
  if (faults.size() != before) return std::nullopt;
  return inputs[0];
}

// What is left of v behind a step in which all its spikes fit is below the threshold; before the first it is
// v_init. So they fit for ever where max_spikes is at least what a current adds to that.
std::int64_t most_spikes(const Node& node, std::int64_t channel, std::int64_t current) {
  const BurstLifParameters neuron = BurstLifParameters::of(node);
  const auto threshold = static_cast<std::int64_t>(neuron.v_threshold.of_channel(channel));
  const auto start = static_cast<std::int64_t>(neuron.v_init.of_channel(channel));
  const std::int64_t fitting =
      (std::max(start, threshold - 1) + std::max<std::int64_t>(current, 0)) / threshold;
  return neuron.max_spikes == 0 ? fitting : std::min(neuron.max_spikes, fitting);
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
                  {{"max_spikes", std::int64_t{0}}, decay_shift_spec()},
                  {{"decay"},
                   {"v_threshold", true, Potential::threshold},
                   {"height"},
                   {"v_min", false, Potential::rest},
                   {"v_init", false, Potential::rest}},
                  infer};
  schema.spike_height = "height";
  schema.emits_counts = true;
  schema.make_fixed = make_decay_fixed;
  schema.most_events = most_spikes;
  return schema;
}

}  // namespace rheobase
