#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "sim/graph/graph.h"

namespace rheobase {

/// A setting an op takes. `example` fixes the type; an absent optional setting has the op's own default.
struct AttributeSpec {
  std::string name;
  Attribute example;
  bool required = false;
};

struct TensorSpec {
  std::string name;
  bool required = true;
};

using Faults = std::vector<Fault>;

/// What an op is: its inputs, settings and tensors, and the shape it produces.
struct OpSchema {
  std::string name;
  std::size_t min_inputs = 1;
  std::size_t max_inputs = 1;
  std::vector<AttributeSpec> attributes;
  std::vector<TensorSpec> tensors;
  /// The output's shape for the inputs' shapes; appends every fault it finds and returns nothing if there is
  /// one. Called only on nodes whose arity, attribute types and required tensors are right.
  std::function<std::optional<Shape>(const Node&, std::span<const Shape>, Faults&)> infer;
};

/// The ops a graph may use.
class SchemaSet {
 public:
  void add(OpSchema schema);
  const OpSchema* find(const std::string& op) const;
  /// Sorted names, for messages.
  std::vector<std::string> names() const;

 private:
  std::map<std::string, OpSchema> schemas_;
};

/// Input, Output, Conv2d, Linear, Affine, AvgPool2d, MaxPool2d, Add, Concat, Pad, Slice, Flatten
/// (docs/reference/graph.md).
void add_structural_schemas(SchemaSet& schemas);

/// Fault helper for infer(): a tensor must have exactly this shape.
bool expect_shape(const Node& node, const std::string& tensor, const Shape& expected, Faults& faults);
/// A neuron parameter is one number or one per channel ({1} or {C}); all finite.
bool expect_per_channel(const Node& node, const std::string& tensor, std::int64_t channels, Faults& faults);

}  // namespace rheobase
