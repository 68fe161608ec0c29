#include "sim/graph/arithmetic.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace rheobase {
namespace {

bool has_synapses(const Node& node) { return node.op == "Conv2d" || node.op == "Linear"; }

// Reals that stay reals: normalisation before the network, the unit of the logits behind it.
bool stays_real(const Node& node) { return node.op == "Input" || node.op == "Output"; }

void check_integers(const Node& node, Faults& faults) {
  for (const auto& [key, tensor] : node.tensors) {
    const float limit = has_synapses(node) && key == "weight" ? max_fixed_weight : max_fixed_value;
    const auto bad = std::find_if(tensor.values.begin(), tensor.values.end(), [&](float value) {
      return !(std::abs(value) <= limit) || value != std::trunc(value);
    });
    if (bad == tensor.values.end()) continue;
    faults.push_back({node.name, fmt::format("tensor '{}' has the value {} at index {}, expected an integer "
                                             "within +-{} in fixed arithmetic",
                                             key, *bad, bad - tensor.values.begin(), limit)});
  }
}

// A potential that a neuron is reset to, whatever neuron it is.
void check_reset(const Node& node, Faults& faults) {
  const auto found = node.attributes.find("v_reset");
  if (found == node.attributes.end()) return;
  const auto* value = std::get_if<double>(&found->second);
  if (value == nullptr || (std::abs(*value) <= max_fixed_value && *value == std::trunc(*value))) return;
  faults.push_back(
      {node.name, fmt::format("attribute 'v_reset' is {}, expected an integer within +-{} in fixed "
                              "arithmetic",
                              *value, max_fixed_value)});
}

void check_range(const Node& node, const char* key, std::int64_t last, Faults& faults) {
  const auto found = node.attributes.find(key);
  if (found == node.attributes.end()) return;
  const auto* value = std::get_if<std::int64_t>(&found->second);  // validation reports another type
  if (value != nullptr && (*value < 0 || *value > last))
    faults.push_back({node.name, fmt::format("attribute '{}' is {}, expected 0 to {}", key, *value, last)});
}

}  // namespace

const char* to_string(Arithmetic arithmetic) { return arithmetic == Arithmetic::fixed ? "fixed" : "float32"; }

Arithmetic arithmetic_of(const Graph& graph) {
  for (const Node& node : graph.nodes) {
    if (node.op == "Input" && node.attributes.contains("fraction_bits")) return Arithmetic::fixed;
  }
  return Arithmetic::float32;
}

void check_arithmetic(const Graph& graph, Faults& faults) {
  const bool fixed = arithmetic_of(graph) == Arithmetic::fixed;
  for (const Node& node : graph.nodes) {
    if (fixed) {
      if (!stays_real(node)) check_integers(node, faults);
      check_reset(node, faults);
      if (node.op == "Input") check_range(node, "fraction_bits", 14, faults);
      if (has_synapses(node)) check_range(node, "shift", 30, faults);
      if (node.op == "Output" && node.tensor("unit") == nullptr)
        faults.push_back({node.name, "tensor 'unit' is missing, which fixed arithmetic needs"});
      continue;
    }
    if (has_synapses(node) && node.attributes.contains("shift"))
      faults.push_back({node.name, "attribute 'shift' belongs to fixed arithmetic"});
    if (node.op == "Output" && node.tensor("unit") != nullptr)
      faults.push_back({node.name, "tensor 'unit' belongs to fixed arithmetic"});
  }
}

}  // namespace rheobase
