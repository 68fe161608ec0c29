#include "binarize/train/training_schemas.h"

#include <fmt/format.h>

#include "neurons/schemas.h"

namespace rheobase {
namespace {

std::optional<Shape> infer_batch_norm(const Node& node, std::span<const Shape> inputs, Faults& faults) {
  const Shape channels{inputs[0].at(0)};
  bool sound = true;
  for (const char* key : {"weight", "bias", "running_mean", "running_var"})
    sound = expect_shape(node, key, channels, faults) && sound;
  if (!sound) return std::nullopt;
  return inputs[0];
}

std::optional<Shape> infer_prelu(const Node& node, std::span<const Shape> inputs, Faults& faults) {
  if (!expect_shape(node, "slope", {inputs[0].at(0)}, faults)) return std::nullopt;
  return inputs[0];
}

// The schema of a synapse, for latent weights of which the sign is used. A bias would be scaled with them in
// the model: batch norm behind has one.
OpSchema binary(const OpSchema& real) {
  OpSchema schema = real;
  schema.name = "Binary" + real.name;
  schema.binary = true;
  schema.attributes.push_back({"scale", std::string()});
  std::erase_if(schema.tensors, [](const TensorSpec& tensor) { return tensor.name == "bias"; });
  schema.infer = [infer = real.infer](const Node& node, std::span<const Shape> inputs, Faults& faults) {
    const std::string scale = node.word("scale", "layer");
    if (scale != "layer" && scale != "channel") {
      faults.push_back({node.name, fmt::format("scale is '{}', expected layer or channel", scale)});
      return std::optional<Shape>();
    }
    return infer(node, inputs, faults);
  };
  return schema;
}

}  // namespace

SchemaSet training_schemas() {
  SchemaSet schemas;
  add_structural_schemas(schemas);
  add_neuron_schemas(schemas);
  schemas.add(binary(*schemas.find("Conv2d")));
  schemas.add(binary(*schemas.find("Linear")));
  schemas.add({"BatchNorm",
               Role::scaling,
               1,
               1,
               {{"epsilon", 0.0}, {"momentum", 0.0}},
               {{"weight"}, {"bias"}, {"running_mean"}, {"running_var"}},
               infer_batch_norm});
  schemas.add({"PReLU", Role::neuron, 1, 1, {}, {{"slope"}}, infer_prelu});
  return schemas;
}

}  // namespace rheobase
