// A network of running values: everything enters once.
#include "converters/passes/running_values.h"

#include <gtest/gtest.h>

#include "neurons/multi_threshold.h"
#include "sim/engine/engine.h"
#include "tests/support/build_graph.h"

namespace rheobase {
namespace {

using testing::full_registry;
using testing::GraphBuilder;

Node sigma_delta(const std::string& name, const std::string& from) {
  MultiThresholdParameters parameters;
  parameters.kind = MultiThreshold::sigma_delta;
  parameters.levels = 8;
  parameters.v_threshold = scalar_tensor(4.0F);
  return parameters.node(name, from);
}

Graph running(Graph graph) {
  make_running(graph, full_registry().schemas(), "net");
  return graph;
}

float start_of(const Graph& graph, const std::string& neuron, std::int64_t channel) {
  return static_cast<float>(graph.find(neuron)->tensors.at("v_init").of_channel(channel));
}

TEST(RunningValues, BiasesBecomeStartsOfNeuronsAndLogits) {
  GraphBuilder b;
  b.input({2, 4, 4});
  const std::string conv = b.conv2d("input", {.outputs = 3, .inputs = 2});
  b.add(sigma_delta("neuron", conv));
  const std::string linear = b.linear(b.op("Flatten", {"neuron"}), 48, 5);
  b.output(linear);
  const Graph before = b.graph;
  const Graph after = running(before);
  EXPECT_EQ(after.find(conv)->tensor("bias"), nullptr);
  EXPECT_EQ(after.find(linear)->tensor("bias"), nullptr);
  for (int c = 0; c < 3; ++c)
    EXPECT_EQ(start_of(after, "neuron", c), static_cast<float>(before.find(conv)->tensors.at("bias").at(c)));
  EXPECT_EQ(after.output().tensors.at("start"), before.find(linear)->tensors.at("bias"));
  EXPECT_EQ(after.output().integer("running", 0), 1);
}

// Conv of 1x1 without a neuron behind it: its bias passes joins, average pools and the next layer's weights.
TEST(RunningValues, BiasesPassLinearLayers) {
  GraphBuilder b;
  b.input({2, 4, 4});
  const std::string first =
      b.conv2d("input", {.outputs = 2, .inputs = 2, .kernel_h = 1, .kernel_w = 1, .padding = {0, 0, 0, 0}});
  const std::string sum = b.op("Add", {first, first});
  const std::string second = b.conv2d(
      b.avg_pool(sum, 2), {.outputs = 3, .inputs = 2, .kernel_h = 1, .kernel_w = 1, .padding = {0, 0, 0, 0}});
  b.add(sigma_delta("neuron", second));
  b.output(b.op("Flatten", {"neuron"}));
  const auto bias = [&](const std::string& node, int c) {
    return b.graph.find(node)->tensors.at("bias").at(c);
  };
  const Graph after = running(b.graph);
  for (int c = 0; c < 3; ++c) {
    const Tensor& weight = b.graph.find(second)->tensors.at("weight");
    const double expected =
        bias(second, c) + 2 * (weight.at(2 * c) * bias(first, 0) + weight.at(2 * c + 1) * bias(first, 1));
    EXPECT_NEAR(start_of(after, "neuron", c), expected, 1e-6);
  }
}

TEST(RunningValues, TheImageEntersOnceBeforeWhatRemembers) {
  GraphBuilder b;
  b.input({2, 4, 4});
  const std::string conv = b.conv2d("input", {.outputs = 2, .inputs = 2});
  b.add(sigma_delta("one", conv));
  b.add(sigma_delta("other", b.op("Add", {conv, "one"})));
  b.output(b.op("Flatten", {"other"}));
  const Graph after = running(b.graph);
  EXPECT_EQ(after.find("one")->inputs, std::vector<std::string>{conv + ".onset"});
  EXPECT_EQ(after.find(conv + ".onset")->inputs, std::vector<std::string>{conv});
  int onsets = 0;
  for (const Node& node : after.nodes) onsets += node.op == "Onset" ? 1 : 0;
  EXPECT_EQ(onsets, 1);  // what reads an image twice shares it
}

TEST(RunningValues, RefusesABiasThatIsPaddedWithZeros) {
  GraphBuilder b;
  b.input({2, 4, 4});
  const std::string first = b.conv2d("input", {.outputs = 2, .inputs = 2});
  const std::string padded = b.conv2d(first, {.outputs = 2, .inputs = 2});
  b.add(sigma_delta("neuron", padded));
  b.output(b.op("Flatten", {"neuron"}));
  const Graph before = b.graph;
  Graph graph = before;
  try {
    make_running(graph, full_registry().schemas(), "net.onnx");
    FAIL() << "accepted";
  } catch (const InputError& error) {
    EXPECT_NE(std::string(error.what()).find("net.onnx: " + padded + ": pads a bias"), std::string::npos)
        << error.what();
  }
  EXPECT_EQ(graph, before);
}

// An Onset emits its input at each sample's first step, whichever slot the sample comes to.
TEST(Onset, EmitsTheFirstStepAlone) {
  GraphBuilder b;
  b.input({3});
  b.add({"onset", "Onset", {"input"}, {}, {}});
  b.output("onset");
  for (const DeviceKind device : {DeviceKind::reference, DeviceKind::cpu}) {
    EngineOptions options;
    options.device = device;
    Engine engine(b.graph, full_registry(), options);
    for (std::uint64_t sample = 0; sample < 2; ++sample) {
      const std::vector<float> image{0.25F, 0.5F, 1.0F};
      engine.load(0, image, sample);
      for (int t = 0; t < 3; ++t) engine.step();
      EXPECT_EQ(std::vector<float>(engine.logits(0).begin(), engine.logits(0).end()), image);
      engine.release(0);
    }
  }
}

}  // namespace
}  // namespace rheobase
