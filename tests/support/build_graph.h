#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "binarize/ops/register.h"
#include "neurons/if.h"
#include "neurons/qcfs.h"
#include "neurons/register.h"
#include "sim/op/registry.h"

namespace rheobase::testing {

/// Every op and kernel of the library.
inline Registry full_registry() {
  Registry registry;
  register_structural_ops(registry);
  register_neurons(registry);
  register_binary_ops(registry);
  return registry;
}

/// Builds graphs node after node; each call returns the new node's name. Weights come from a fixed seed.
class GraphBuilder {
 public:
  explicit GraphBuilder(std::uint32_t seed = 1) : random_(seed) {}

  std::string input(Shape shape) { return add({"input", "Input", {}, {{"shape", std::move(shape)}}, {}}); }
  std::string output(const std::string& from) { return add({"output", "Output", {from}, {}, {}}); }

  struct Conv {
    std::int64_t outputs = 1, inputs = 1, kernel_h = 3, kernel_w = 3, groups = 1;
    std::vector<std::int64_t> stride{1, 1}, padding{1, 1, 1, 1}, dilation{1, 1};
    bool bias = true;
  };
  std::string conv2d(const std::string& from, const Conv& conv) {
    Node node{"", "Conv2d", {from}, {}, {}};
    node.attributes["stride"] = conv.stride;
    node.attributes["padding"] = conv.padding;
    node.attributes["dilation"] = conv.dilation;
    node.attributes["groups"] = conv.groups;
    node.tensors["weight"] = tensor({conv.outputs, conv.inputs / conv.groups, conv.kernel_h, conv.kernel_w});
    if (conv.bias) node.tensors["bias"] = tensor({conv.outputs});
    return add(std::move(node));
  }
  std::string linear(const std::string& from, std::int64_t inputs, std::int64_t outputs) {
    return add(
        {"", "Linear", {from}, {}, {{"weight", tensor({outputs, inputs})}, {"bias", tensor({outputs})}}});
  }
  std::string if_neuron(const std::string& from, float v_threshold) {
    IfParameters parameters;
    parameters.v_threshold = scalar_tensor(v_threshold);
    parameters.v_init = scalar_tensor(v_threshold / 2);
    return add(parameters.node("", from));
  }
  std::string avg_pool(const std::string& from, std::int64_t kernel) {
    const std::vector<std::int64_t> square{kernel, kernel};
    return add({"", "AvgPool2d", {from}, {{"kernel", square}, {"stride", square}}, {}});
  }
  std::string op(const std::string& name, std::vector<std::string> inputs) {
    return add({"", name, std::move(inputs), {}, {}});
  }
  std::string add(Node node) {
    if (node.name.empty()) node.name = node.op + std::to_string(graph.nodes.size());
    graph.nodes.push_back(std::move(node));
    return graph.nodes.back().name;
  }

  /// Normal numbers with the spread of a trained layer's weights.
  Tensor tensor(const Shape& shape) {
    std::normal_distribution<float> normal(0.0F, 0.3F);
    Tensor tensor{shape, {}};
    for (std::int64_t i = 0; i < element_count(shape); ++i) tensor.reals().push_back(normal(random_));
    return tensor;
  }
  /// Numbers in [0, 1), as pixels are.
  std::vector<float> pixels(std::int64_t count) {
    std::uniform_real_distribution<float> uniform(0.0F, 1.0F);
    std::vector<float> values;
    for (std::int64_t i = 0; i < count; ++i) values.push_back(uniform(random_));
    return values;
  }

  Graph graph;

 private:
  std::mt19937 random_;
};

/// A small network with all that converted networks have: strides, a residual join with a 1x1 shortcut, an
/// identity join, pools, odd channel counts, several words of spikes a pixel. Input 3x9x9, 5 classes.
inline Graph small_residual_snn(std::uint32_t seed = 1) {
  GraphBuilder b(seed);
  const std::string image = b.input({3, 9, 9});
  const std::string stem = b.if_neuron(b.conv2d(image, {.outputs = 19, .inputs = 3}), 0.7F);
  const std::string inner = b.if_neuron(b.conv2d(stem, {.outputs = 19, .inputs = 19}), 0.9F);
  const std::string identity = b.op("Add", {b.conv2d(inner, {.outputs = 19, .inputs = 19}), stem});
  const std::string block1 = b.if_neuron(identity, 1.1F);
  const std::string down = b.conv2d(block1, {.outputs = 70, .inputs = 19, .stride = {2, 2}});
  const std::string shortcut = b.conv2d(
      block1,
      {.outputs = 70, .inputs = 19, .kernel_h = 1, .kernel_w = 1, .stride = {2, 2}, .padding = {0, 0, 0, 0}});
  const std::string block2 = b.if_neuron(b.op("Add", {down, shortcut}), 1.3F);
  const std::string grouped = b.if_neuron(b.conv2d(block2, {.outputs = 8, .inputs = 70, .groups = 2}), 0.8F);
  const std::string pooled = b.avg_pool(grouped, 5);
  b.output(b.linear(b.op("Flatten", {pooled}), 8, 5));
  return std::move(b.graph);
}

}  // namespace rheobase::testing
