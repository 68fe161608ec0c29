#include "sim/graph/arithmetic.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace rheobase {
namespace {

// Reals that stay reals: normalisation before the network, the unit of the logits behind it.
bool stays_real(Role role) { return role == Role::input || role == Role::readout; }

void check_integers(const Node& node, const OpSchema* schema, Faults& faults) {
  const bool has_weights = schema != nullptr && schema->has_real_weights();
  for (const auto& [key, tensor] : node.tensors) {
    const float limit = has_weights && key == "weight" ? max_fixed_weight : max_fixed_value;
    const auto bad = std::find_if(tensor.values.begin(), tensor.values.end(), [&](float value) {
      return !(std::abs(value) <= limit) || value != std::trunc(value);
    });
    if (bad == tensor.values.end()) continue;
    faults.push_back({node.name, fmt::format("tensor '{}' has the value {} at index {}, expected an integer "
                                             "within +-{} in fixed arithmetic",
                                             key, *bad, bad - tensor.values.begin(), limit)});
  }
}

// Settings of another type than their schema's are validation's to report.
void check_potential(const Node& node, const std::string& key, Faults& faults) {
  const auto found = node.attributes.find(key);
  if (found == node.attributes.end()) return;
  const auto* value = std::get_if<double>(&found->second);
  if (value == nullptr || (std::abs(*value) <= max_fixed_value && *value == std::trunc(*value))) return;
  faults.push_back({node.name, fmt::format("attribute '{}' is {}, expected an integer within +-{} in fixed "
                                           "arithmetic",
                                           key, *value, max_fixed_value)});
}

void check_range(const Node& node, const std::string& key, std::int64_t last, Faults& faults) {
  const auto found = node.attributes.find(key);
  if (found == node.attributes.end()) return;
  const auto* value = std::get_if<std::int64_t>(&found->second);
  if (value != nullptr && (*value < 0 || *value > last))
    faults.push_back({node.name, fmt::format("attribute '{}' is {}, expected 0 to {}", key, *value, last)});
}

// `schema` is absent where the op is unknown.
void check_fixed(const Node& node, const OpSchema* schema, Faults& faults) {
  if (schema == nullptr || !stays_real(schema->role)) check_integers(node, schema, faults);
  if (schema == nullptr) return;
  for (const AttributeSpec& spec : schema->attributes) {
    if (spec.potential != Potential::none) check_potential(node, spec.name, faults);
    if (spec.fixed_to) check_range(node, spec.name, *spec.fixed_to, faults);
  }
  if (schema->role == Role::readout && node.tensor("unit") == nullptr)
    faults.push_back({node.name, "tensor 'unit' is missing, which fixed arithmetic needs"});
}

void check_float32(const Node& node, const OpSchema& schema, Faults& faults) {
  for (const AttributeSpec& spec : schema.attributes) {
    if (spec.fixed_to && node.attributes.contains(spec.name))
      faults.push_back({node.name, fmt::format("attribute '{}' belongs to fixed arithmetic", spec.name)});
  }
  if (schema.role == Role::readout && node.tensor("unit") != nullptr)
    faults.push_back({node.name, "tensor 'unit' belongs to fixed arithmetic"});
}

}  // namespace

const char* to_string(Arithmetic arithmetic) { return arithmetic == Arithmetic::fixed ? "fixed" : "float32"; }

Arithmetic arithmetic_of(const Graph& graph) {
  for (const Node& node : graph.nodes) {
    if (node.op == "Input" && node.attributes.contains("fraction_bits")) return Arithmetic::fixed;
  }
  return Arithmetic::float32;
}

void check_arithmetic(const Graph& graph, const SchemaSet& schemas, Faults& faults) {
  const bool fixed = arithmetic_of(graph) == Arithmetic::fixed;
  for (const Node& node : graph.nodes) {
    const OpSchema* schema = schemas.find(node.op);
    if (fixed) {
      check_fixed(node, schema, faults);
    } else if (schema != nullptr) {
      check_float32(node, *schema, faults);
    }
  }
}

}  // namespace rheobase
