#include "binarize/ops/schemas.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace rheobase {
namespace {

// A binary synapse has the shapes and the windows of the real one.
OpSchema binary(const OpSchema& real) {
  OpSchema schema = real;
  schema.name = "Binary" + real.name;
  schema.binary = true;
  schema.max_inputs = 2;
  std::erase_if(schema.attributes, [](const AttributeSpec& a) { return a.name == "shift"; });
  schema.attributes.push_back({"relu", std::int64_t{0}});
  schema.tensors = {{"weight", true, Potential::none, true}, {"scale", false}, {"shift", false}};
  schema.infer = [infer = real.infer](const Node& node, std::span<const Shape> inputs,
                                      Faults& faults) -> std::optional<Shape> {
    auto output = infer(node, inputs.first(1), faults);
    if (!output) return std::nullopt;
    const std::size_t before = faults.size();
    if (node.integer("groups", 1) != 1) faults.push_back({node.name, "binary convolutions have no groups"});
    for (const char* tensor : {"scale", "shift"}) {
      if (node.tensor(tensor) != nullptr) expect_per_channel(node, tensor, (*output)[0], faults);
    }
    if (inputs.size() == 2 && inputs[1] != *output) {
      faults.push_back({node.name, fmt::format("adds {} to {}", to_string(inputs[1]), to_string(*output))});
    }
    if (faults.size() != before) return std::nullopt;
    return output;
  };
  return schema;
}

}  // namespace

void add_binary_schemas(SchemaSet& schemas) {
  SchemaSet structural;
  add_structural_schemas(structural);
  for (const char* op : {"Conv2d", "Linear"}) schemas.add(binary(*structural.find(op)));
}

}  // namespace rheobase
