#include "binarize/networks/layer_list.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "binarize/networks/network_builder.h"
#include "binarize/train/training_schemas.h"
#include "sim/core/error.h"
#include "sim/graph/validate.h"

namespace rheobase {
namespace {

constexpr std::int64_t most_weights = std::int64_t{1} << 26;  ///< of a layer: 256 MiB

class LayerList {
 public:
  explicit LayerList(const NetworkSpec& spec)
      : spec_(spec),
        schemas_(training_schemas()),
        builder_(spec.seed, NetworkBuilder::Spread::kaiming_fan_in) {
    last_ = builder_.input(spec.input, spec.mean, spec.std);
    shapes_[last_] = spec.input;
  }

  void add(const LayerSpec& layer) {
    const std::vector<std::string>& ops = layer_ops();
    if (std::find(ops.begin(), ops.end(), layer.node.op) == ops.end())
      fail(layer.node.name, fmt::format("'{}' is none of {}", layer.node.op, fmt::join(ops, ", ")));
    std::vector<std::string> inputs = layer.node.inputs;
    if (inputs.empty()) inputs = {last_};
    const std::string label = layer.node.name.empty()
                                  ? layer.node.op + std::to_string(builder_.graph.nodes.size())
                                  : layer.node.name;
    if (shapes_.contains(label) || label == "logits") fail(label, "is the name of another layer");
    std::vector<Shape> shapes;
    for (const std::string& input : inputs) {
      if (!shapes_.contains(input))
        fail(label, fmt::format("reads '{}', which is no layer before it", input));
      shapes.push_back(shapes_.at(input));
    }
    append(label, layer, inputs, shapes[0]);
    shapes_[label] = shape_of(builder_.graph.nodes.back(), shapes);
    last_ = label;
  }

  Graph finish() {
    if (shapes_.at(last_) != Shape{spec_.classes})
      fail(last_, fmt::format("gives {}, expected {}, a number for each class of the data",
                              to_string(shapes_.at(last_)), spec_.classes));
    builder_.op("Output", {last_});
    validate_or_throw(builder_.graph, schemas_, spec_.name);
    return std::move(builder_.graph);
  }

 private:
  [[noreturn]] void fail(const std::string& layer, const std::string& what) const {
    throw InputError(spec_.name, layer, what);
  }

  void append(const std::string& label, const LayerSpec& layer, const std::vector<std::string>& inputs,
              const Shape& input) {
    const std::string &op = layer.node.op, &from = inputs[0];
    if (schemas_.of(layer.node).is_synapse()) {
      synapse(label, layer, from, input);
    } else if (op == "BatchNorm") {
      builder_.batch_norm(from, input[0]);
    } else if (op == "PReLU") {
      builder_.prelu(from, input[0], layer.slope);
    } else if (op == "QCFS") {
      builder_.qcfs(from, layer.levels.value_or(spec_.levels), layer.lambda.value_or(spec_.lambda));
    } else {
      builder_.op(op, inputs);
    }
    Node& node = builder_.graph.nodes.back();
    node.name = label;
    node.inputs = inputs;
    for (const auto& [key, value] : layer.node.attributes) node.attributes[key] = value;
    if (schemas_.of(node).binary && !node.attributes.contains("scale"))
      node.attributes["scale"] = spec_.scale;
    if (layer.global && input.size() == 3) {
      node.attributes["kernel"] = std::vector{input[1], input[2]};
      node.attributes["stride"] = std::vector{input[1], input[2]};
    }
  }

  void synapse(const std::string& label, const LayerSpec& layer, const std::string& from,
               const Shape& input) {
    const bool binary = schemas_.of(layer.node).binary, image = layer.node.op.ends_with("Conv2d");
    const std::int64_t outputs = layer.outputs.value_or(spec_.classes);
    const std::int64_t groups = std::max<std::int64_t>(layer.node.integer("groups", 1), 1);
    const std::int64_t inputs = std::max<std::int64_t>(input[0] / groups, 1);
    const std::int64_t taps = image ? layer.kernel * layer.kernel : 1;
    if (outputs < 1 || layer.kernel < 1) fail(label, "has no weights");
    if (outputs > most_weights / inputs / taps)
      fail(label, fmt::format("has more than {} weights", most_weights));
    if (image) {
      builder_.conv(from, {inputs, outputs, layer.kernel, 1, binary});
    } else {
      builder_.linear(from, inputs, outputs, binary);
    }
    auto& tensors = builder_.graph.nodes.back().tensors;
    tensors.erase("bias");
    if (layer.bias)
      tensors["bias"] = {{outputs}, std::vector<float>(static_cast<std::size_t>(outputs), 0.0F)};
  }

  Shape shape_of(const Node& node, const std::vector<Shape>& inputs) const {
    const OpSchema& schema = schemas_.of(node);
    if (inputs.size() < schema.min_inputs || inputs.size() > schema.max_inputs)
      fail(node.name, fmt::format("{} does not take {} inputs", node.op, inputs.size()));
    std::vector<Fault> faults;
    const auto shape = schema.infer(node, inputs, faults);
    throw_if_any(spec_.name, faults);
    return shape.value();
  }

  const NetworkSpec& spec_;
  SchemaSet schemas_;
  NetworkBuilder builder_;
  std::map<std::string, Shape> shapes_;
  std::string last_;
};

}  // namespace

const std::vector<std::string>& layer_ops() {
  static const std::vector<std::string> ops{
      "Conv2d", "BinaryConv2d", "Linear",    "BinaryLinear", "BatchNorm", "ReLU",   "PReLU",
      "QCFS",   "Sign",         "AvgPool2d", "MaxPool2d",    "Add",       "Flatten"};
  return ops;
}

Graph make_network(const NetworkSpec& spec, const std::vector<LayerSpec>& layers) {
  if (layers.empty()) throw InputError(spec.name, "layers", "there are none");
  LayerList list(spec);
  for (const LayerSpec& layer : layers) list.add(layer);
  return list.finish();
}

}  // namespace rheobase
