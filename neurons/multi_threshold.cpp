#include "neurons/multi_threshold.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "neurons/spiking_parameters.h"

namespace rheobase {
namespace {

MultiThreshold kind_of(const Node& node) {
  for (const MultiThreshold kind :
       {MultiThreshold::signed_if, MultiThreshold::mtif, MultiThreshold::sigma_delta}) {
    if (node.op == to_string(kind)) return kind;
  }
  throw InternalError("not a multi-threshold neuron: " + node.op);
}

void expect_levels(const Node& node, Faults& faults) {
  const std::int64_t levels = node.integer("levels", 1);
  if (levels < 1 || levels > most_levels)
    faults.push_back({node.name, fmt::format("levels is {}, expected 1 to {}", levels, most_levels)});
}

void expect_cap(const Node& node, std::int64_t channels, Faults& faults) {
  const Tensor* cap = node.tensor("cap");
  if (cap == nullptr || !expect_per_channel(node, "cap", channels, faults)) return;
  for (std::size_t i = 0; i < cap->size(); ++i) {
    const double value = cap->at(i);
    if (value >= 1 && value <= largest_cap && value == std::trunc(value)) continue;
    faults.push_back(
        {node.name, fmt::format("cap is {}, expected a whole number from 1 to {}", value, largest_cap)});
    return;
  }
}

void cap_as_integers(Node& node) {
  const auto cap = node.tensors.find("cap");
  if (cap != node.tensors.end()) cap->second = cap->second.as(ValueType::int32).value();
}

std::optional<Shape> infer(const Node& node, std::span<const Shape> inputs, Faults& faults) {
  const std::size_t before = faults.size();
  for (const char* tensor : {"v_threshold", "v_init"}) expect_per_channel(node, tensor, inputs[0][0], faults);
  expect_positive(node, "v_threshold", faults);
  expect_levels(node, faults);
  expect_cap(node, inputs[0][0], faults);
  if (faults.size() != before) return std::nullopt;
  return inputs[0];
}

}  // namespace

const char* to_string(MultiThreshold kind) {
  switch (kind) {
    case MultiThreshold::signed_if:
      return "SignedIF";
    case MultiThreshold::mtif:
      return "MTIF";
    case MultiThreshold::sigma_delta:
      return "SigmaDelta";
  }
  throw InternalError("not a multi-threshold neuron");
}

MultiThresholdParameters MultiThresholdParameters::of(const Node& node) {
  MultiThresholdParameters parameters;
  parameters.kind = kind_of(node);
  parameters.levels = node.integer("levels", 1);
  parameters.v_threshold = node.tensors.at("v_threshold");
  if (const Tensor* v_init = node.tensor("v_init")) parameters.v_init = *v_init;
  if (const Tensor* cap = node.tensor("cap")) parameters.cap = *cap;
  return parameters;
}

Node MultiThresholdParameters::node(std::string name, std::string input) const {
  Node node{std::move(name), to_string(kind), {std::move(input)}, {}, {}};
  if (kind != MultiThreshold::signed_if) node.attributes["levels"] = levels;
  node.tensors["v_threshold"] = v_threshold;
  node.tensors["v_init"] = v_init;
  if (cap) node.tensors["cap"] = *cap;
  return node;
}

OpSchema multi_threshold_schema(MultiThreshold kind) {
  OpSchema schema{to_string(kind),
                  Role::neuron,
                  1,
                  1,
                  {},
                  {{"v_threshold", true, Potential::threshold}, {"v_init", false, Potential::rest}},
                  infer};
  if (kind != MultiThreshold::signed_if) schema.attributes.push_back({"levels", std::int64_t{1}, true});
  if (kind == MultiThreshold::sigma_delta) schema.tensors.push_back({"cap", false});
  schema.make_fixed = cap_as_integers;
  schema.spike_height = "v_threshold";
  schema.is_graded = true;
  schema.granule = [](const Node& node) { return MultiThresholdParameters::of(node).granule(); };
  return schema;
}

}  // namespace rheobase
