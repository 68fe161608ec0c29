#include "sim/graph/arithmetic.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>
#include <optional>
#include <utility>

namespace rheobase {
namespace {

// Reals that stay reals: normalisation before the network, the unit of the logits behind it.
bool stays_real(Role role) { return role == Role::input || role == Role::readout; }

template <class Holds>
std::optional<std::size_t> first_without(const Tensor& tensor, const Holds& holds) {
  for (std::size_t i = 0; i < tensor.size(); ++i) {
    if (!holds(tensor.at(i))) return i;
  }
  return std::nullopt;
}

// What keeps a tensor from being held as its value_type(): a value, or no more than its type.
std::string type_fault(const std::string& key, const Tensor& tensor, ValueType wanted) {
  const std::int32_t limit = wanted == ValueType::int8 ? max_fixed_weight : max_fixed_value;
  const auto is_integer = [&](double v) { return v == std::trunc(v) && std::abs(v) <= limit; };
  const auto is_sign = [](double v) { return std::abs(v) == 1.0; };
  std::optional<std::size_t> bad;
  if (wanted == ValueType::bits) bad = first_without(tensor, is_sign);
  if (wanted == ValueType::int8 || wanted == ValueType::int32) bad = first_without(tensor, is_integer);
  if (bad && wanted == ValueType::bits)
    return fmt::format("{} holds {}, expected -1 and 1 alone", key, tensor.at(*bad));
  if (bad) {
    return fmt::format(
        "tensor '{}' has the value {} at index {}, expected an integer within +-{} in fixed arithmetic", key,
        tensor.at(*bad), *bad, limit);
  }
  if (tensor.type() == wanted) return "";
  return fmt::format("tensor '{}' is held as {}, expected {}", key, to_string(tensor.type()),
                     to_string(wanted));
}

void check_types(const Node& node, const OpSchema& schema, Arithmetic arithmetic, Faults& faults) {
  for (const TensorSpec& spec : schema.tensors) {
    const Tensor* tensor = node.tensor(spec.name);
    if (tensor == nullptr) continue;
    const std::string fault = type_fault(spec.name, *tensor, value_type(schema, spec, arithmetic));
    if (!fault.empty()) faults.push_back({node.name, fault});
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

void check_fixed(const Node& node, const OpSchema& schema, Faults& faults) {
  for (const AttributeSpec& spec : schema.attributes) {
    if (spec.potential != Potential::none) check_potential(node, spec.name, faults);
    if (spec.fixed_to) check_range(node, spec.name, *spec.fixed_to, faults);
  }
  if (schema.role == Role::readout && node.tensor("unit") == nullptr)
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

ValueType value_type(const OpSchema& schema, const TensorSpec& tensor, Arithmetic arithmetic) {
  if (tensor.is_signs) return ValueType::bits;
  if (arithmetic == Arithmetic::float32 || stays_real(schema.role)) return ValueType::float32;
  return schema.has_real_weights() && tensor.name == "weight" ? ValueType::int8 : ValueType::int32;
}

void set_value_types(Graph& graph, const SchemaSet& schemas) {
  const Arithmetic arithmetic = arithmetic_of(graph);
  for (Node& node : graph.nodes) {
    const OpSchema* schema = schemas.find(node.op);
    if (schema == nullptr) continue;
    for (const TensorSpec& spec : schema->tensors) {
      const auto found = node.tensors.find(spec.name);
      if (found == node.tensors.end()) continue;
      const ValueType wanted = value_type(*schema, spec, arithmetic);
      if (found->second.type() == wanted) continue;
      if (auto tensor = found->second.as(wanted)) found->second = std::move(*tensor);
    }
  }
}

void check_arithmetic(const Graph& graph, const SchemaSet& schemas, Faults& faults) {
  const Arithmetic arithmetic = arithmetic_of(graph);
  for (const Node& node : graph.nodes) {
    const OpSchema* schema = schemas.find(node.op);
    if (schema == nullptr) continue;
    check_types(node, *schema, arithmetic, faults);
    arithmetic == Arithmetic::fixed ? check_fixed(node, *schema, faults)
                                    : check_float32(node, *schema, faults);
  }
}

}  // namespace rheobase
