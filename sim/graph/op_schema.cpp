#include "sim/graph/op_schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace rheobase {

void SchemaSet::add(OpSchema schema) {
  const std::string name = schema.name;
  if (!schemas_.emplace(name, std::move(schema)).second)
    throw InternalError("op '" + name + "' registered twice");
}

const Tensor& OpSchema::threshold_of(const Node& node) const {
  const auto spec = std::find_if(tensors.begin(), tensors.end(),
                                 [](const TensorSpec& t) { return t.potential == Potential::threshold; });
  if (spec == tensors.end()) throw InternalError("op " + name + " has no threshold");
  return node.tensors.at(spec->name);
}

std::int64_t OpSchema::largest_event(const Node& node) const {
  return is_graded ? std::int64_t{1} << (node.integer("levels", 1) - 1) : 1;
}

double OpSchema::height_of(const Node& node, std::int64_t channel) const {
  return node.tensors.at(spike_height).of_channel(channel) / static_cast<double>(largest_event(node));
}

const OpSchema* SchemaSet::find(const std::string& op) const {
  const auto found = schemas_.find(op);
  return found == schemas_.end() ? nullptr : &found->second;
}

const OpSchema& SchemaSet::of(const Node& node) const {
  const OpSchema* schema = find(node.op);
  if (schema == nullptr) throw InternalError("node " + node.name + " has the unknown op " + node.op);
  return *schema;
}

std::vector<std::string> SchemaSet::names() const {
  std::vector<std::string> names;
  for (const auto& [name, schema] : schemas_) names.push_back(name);
  return names;
}

bool expect_shape(const Node& node, const std::string& tensor, const Shape& expected, Faults& faults) {
  const Tensor* found = node.tensor(tensor);
  if (found == nullptr || found->shape == expected) return true;
  faults.push_back({node.name, fmt::format("tensor '{}' has shape {}, expected {}", tensor,
                                           to_string(found->shape), to_string(expected))});
  return false;
}

bool expect_per_channel(const Node& node, const std::string& tensor, std::int64_t channels, Faults& faults) {
  const Tensor* found = node.tensor(tensor);
  if (found == nullptr || found->shape == Shape{1} || found->shape == Shape{channels}) return true;
  faults.push_back({node.name, fmt::format("tensor '{}' has shape {}, expected 1 or {}", tensor,
                                           to_string(found->shape), channels)});
  return false;
}

}  // namespace rheobase
