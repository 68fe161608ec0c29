// What a correction adds comes out on average.
#include "converters/passes/correction.h"

#include <gtest/gtest.h>

#include "neurons/multi_threshold.h"
#include "neurons/schemas.h"
#include "sim/core/error.h"
#include "sim/graph/validate.h"
#include "tests/support/build_graph.h"

namespace rheobase {
namespace {

using testing::full_registry;
using testing::GraphBuilder;

const std::vector<double> more{0.5, -0.25, 1.0};

Node neuron(const std::string& name, const std::string& from) {
  IfParameters parameters;
  parameters.v_threshold = scalar_tensor(2.0F);
  parameters.v_init = scalar_tensor(1.0F);
  return parameters.node(name, from);
}

Graph corrected(Graph graph, Correction correction, int steps = 8) {
  const Registry registry = full_registry();
  correct_neuron(graph, registry.schemas(), "neuron", more, correction, steps);
  EXPECT_TRUE(validate(graph, registry.schemas()).faults.empty());
  return graph;
}

float value(const Graph& graph, const std::string& node, const char* tensor, std::size_t channel) {
  return graph.find(node)->tensors.at(tensor).at(channel);
}

TEST(Correction, ABiasGoesIntoTheLayerInFront) {
  GraphBuilder b;
  const std::string conv = b.conv2d(b.input({2, 4, 4}), {.outputs = 3, .inputs = 2});
  b.add(neuron("neuron", conv));
  b.output(b.op("Flatten", {"neuron"}));
  const Graph after = corrected(b.graph, Correction::bias);
  for (std::size_t c = 0; c < 3; ++c)
    EXPECT_EQ(value(after, conv, "bias", c), static_cast<float>(value(b.graph, conv, "bias", c) + more[c]));
  EXPECT_EQ(after.nodes.size(), b.graph.nodes.size());
}

TEST(Correction, ABiasPassesASumAndAMaximum) {
  GraphBuilder b;
  const std::string image = b.input({3, 4, 4});
  const std::string conv = b.conv2d(image, {.outputs = 3, .inputs = 3, .bias = false});
  const std::vector<std::int64_t> square{2, 2};
  const std::string sum = b.op("Add", {image, conv});
  b.add({"pool", "CumulativeMaxPool2d", {sum}, {{"kernel", square}, {"stride", square}}, {}});
  b.add(neuron("neuron", "pool"));
  b.output(b.op("Flatten", {"neuron"}));
  const Graph after = corrected(b.graph, Correction::bias);
  for (std::size_t c = 0; c < 3; ++c) EXPECT_EQ(value(after, conv, "bias", c), static_cast<float>(more[c]));
}

TEST(Correction, WhatOthersReadTooStaysAsItIs) {
  GraphBuilder b;
  const std::string conv = b.conv2d(b.input({2, 4, 4}), {.outputs = 3, .inputs = 2});
  b.add(neuron("neuron", conv));
  b.output(b.op("Flatten", {b.op("Add", {conv, "neuron"})}));
  const Graph after = corrected(b.graph, Correction::bias);
  EXPECT_EQ(after.find(conv)->tensors, b.graph.find(conv)->tensors);
  for (std::size_t c = 0; c < 3; ++c)
    EXPECT_EQ(value(after, "neuron.bias", "shift", c), static_cast<float>(more[c]));
  EXPECT_EQ(after.find("neuron")->inputs.at(0), "neuron.bias");
}

TEST(Correction, APotentialIsWhatIsMissingInAllSteps) {
  GraphBuilder b;
  b.add(neuron("neuron", b.conv2d(b.input({2, 4, 4}), {.outputs = 3, .inputs = 2})));
  b.output(b.op("Flatten", {"neuron"}));
  const Graph after = corrected(b.graph, Correction::potential, 4);
  for (std::size_t c = 0; c < 3; ++c)
    EXPECT_EQ(value(after, "neuron", "v_init", c), static_cast<float>(1.0 + 4 * more[c]));
}

TEST(Correction, OfRunningValuesTheBiasIsWhatTheyStartFrom) {
  GraphBuilder b;
  MultiThresholdParameters parameters;
  parameters.levels = 8;
  const std::string conv = b.conv2d(b.input({2, 4, 4}), {.outputs = 3, .inputs = 2, .bias = false});
  b.add(parameters.node("neuron", conv));
  b.output(b.op("Flatten", {"neuron"}));
  b.graph.nodes.back().attributes["running"] = std::int64_t{1};
  const Graph after = corrected(b.graph, Correction::bias);
  for (std::size_t c = 0; c < 3; ++c)
    EXPECT_EQ(value(after, "neuron", "v_init", c), static_cast<float>(more[c]));
  EXPECT_EQ(after.find(conv)->tensor("bias"), nullptr);
}

TEST(Correction, HasNames) {
  EXPECT_EQ(parse_correction("light"), Correction::bias);
  EXPECT_EQ(parse_correction("potential"), Correction::potential);
  EXPECT_EQ(parse_correction("none"), Correction::none);
  EXPECT_THROW(parse_correction("bias"), InputError);
}

}  // namespace
}  // namespace rheobase
