// What rounding to 8-bit weights can do to a channel, against numbers worked out by hand
// (docs/reference/arithmetic.md, "What rounding can do"), and what it no longer does.
#include <gmock/gmock.h>

#include <cmath>

#include "converters/passes.h"
#include "neurons/if.h"
#include "tests/converters/onnx_model.h"

namespace rheobase::test {
namespace {

using testing::AllOf;
using testing::DoubleNear;
using testing::HasSubstr;
using testing::IsEmpty;

using Bytes = std::vector<std::int8_t>;
using Integers = std::vector<std::int32_t>;

Node plain(const std::string& name, const std::string& op, const Names& from) {
  return {name, op, from, {}, {}};
}

Node input(const Shape& shape) {
  Node node = plain("in", "Input", {});
  node.attributes["shape"] = shape;
  return node;
}

Node neuron(const std::string& name, const std::string& from, float v_threshold) {
  IfParameters parameters;
  parameters.v_threshold = scalar_tensor(v_threshold);
  parameters.v_init = scalar_tensor(v_threshold / 2);
  return parameters.node(name, from);
}

Node linear(const std::string& name, const std::string& from, std::int64_t outputs, const Floats& weight,
            const Floats& bias = {}) {
  Node node = plain(name, "Linear", {from});
  node.tensors["weight"] = {{outputs, static_cast<std::int64_t>(weight.size()) / outputs}, weight};
  if (!bias.empty()) node.tensors["bias"] = {{static_cast<std::int64_t>(bias.size())}, bias};
  return node;
}

// A layer 'first' makes spikes of height 1 of each of the pixels, but for channel 0 where `silent`: nothing
// reaches it and its bias is negative. Layer 'l' reads them, neurons 'b' of threshold 1 fire.
Graph network(const Floats& weight, std::int64_t outputs, bool silent) {
  const std::int64_t inputs = static_cast<std::int64_t>(weight.size()) / outputs;
  Floats identity(inputs * inputs, 0.0F), bias(inputs, 0.0F);
  for (std::int64_t i = 0; i < inputs; ++i) identity[i * inputs + i] = 1.0F;
  if (silent) {
    identity[0] = 0.0F;
    bias[0] = -0.25F;
  }
  return {{input({inputs}), linear("first", "in", inputs, identity, bias), neuron("a", "first", 1.0F),
           linear("l", "a", outputs, weight), neuron("b", "l", 1.0F), plain("out", "Output", {"b"})}};
}

const LayerRounding& of(const std::vector<LayerRounding>& layers, const std::string& node) {
  for (const LayerRounding& layer : layers) {
    if (layer.node == node) return layer;
  }
  throw InternalError("no layer " + node);
}

std::vector<LayerRounding> rounding(Graph graph) { return quantize(graph, converter_schemas(), "net"); }

Floats outlier_and(std::size_t others, float value) {
  Floats weight(others + 1, value);
  weight[0] = 100.0F;
  return weight;
}

TEST(QuantizeBounds, DropsTheWeightsOfAChannelThatNeverFires) {
  // 100 thresholds on channel 0 would round all others to 0.
  Graph graph = network(outlier_and(3, 0.25F), 1, true);
  const auto layers = quantize(graph, converter_schemas(), "net");
  EXPECT_EQ(graph.find("l")->tensors.at("weight").int8s(), (Bytes{0, 127, 127, 127}));
  EXPECT_EQ(graph.find("b")->tensors.at("v_threshold").int32s(), (Integers{508}));
  EXPECT_THAT(ruined_layers(layers), IsEmpty());
  EXPECT_THAT(rounding_notes(layers), IsEmpty());
}

TEST(QuantizeBounds, FollowsAChannelThatNeverFiresThroughTheNetwork) {
  // Channel 0 of 'b' reads nothing but the silent channel 0 of 'a', and so on: one 100 is left, and used.
  Graph graph = network({100, 0, 0, 0.5F}, 2, true);
  graph.nodes.pop_back();
  graph.nodes.push_back(plain("moved", "Flatten", {"b"}));
  graph.nodes.push_back(linear("m", "moved", 2, {100, 1, 50, 0.25F}));
  graph.nodes.push_back(plain("out", "Output", {"m"}));
  quantize(graph, converter_schemas(), "net");
  EXPECT_EQ(graph.find("l")->tensors.at("weight").int8s(), (Bytes{0, 0, 0, 127}));
  EXPECT_EQ(graph.find("m")->tensors.at("weight").int8s(), (Bytes{0, 127, 0, 127}));
}

TEST(QuantizeBounds, KeepsTheWeightsOfChannelsThatMayFire) {
  for (const float bias : {1e-6F, 2.0F}) {
    Graph graph = network(outlier_and(3, 0.25F), 1, true);
    graph.find("first")->tensors.at("bias").reals()[0] = bias;
    quantize(graph, converter_schemas(), "net");
    EXPECT_EQ(graph.find("l")->tensors.at("weight").int8s(), (Bytes{127, 0, 0, 0})) << bias;
  }
  Graph charged = network(outlier_and(3, 0.25F), 1, true);  // fires once, whatever it reads
  charged.find("a")->tensors.at("v_init").reals()[0] = 1.0F;
  quantize(charged, converter_schemas(), "net");
  EXPECT_EQ(charged.find("l")->tensors.at("weight").int8s(), (Bytes{127, 0, 0, 0}));
}

TEST(QuantizeBounds, MeasuresTheErrorInThresholds) {
  // 1 / 127 a unit would make the threshold odd: it is 1 / 126. 0.1 * 126 = 12.6 and 0.3 * 126 = 37.8.
  const LayerRounding layer = of(rounding(network({1, 0.1F, 0.3F}, 1, false)), "l");
  ASSERT_EQ(layer.channels.size(), 1U);
  const ChannelRounding& c = layer.channels[0];
  EXPECT_THAT(c.threshold_steps, DoubleNear(126, 1e-6));
  EXPECT_THAT(c.error, DoubleNear(0.6 / 126, 1e-6));  // -0.4 and -0.2 of a unit: both the same way
  EXPECT_EQ(c.vanished, 0.0);
  EXPECT_FALSE(c.is_coarse());
}

TEST(QuantizeBounds, CountsErrorsOfBothSignsAsIndependent) {
  const LayerRounding layer = of(rounding(network({1, 0.1F, -0.1F}, 1, false)), "l");
  EXPECT_THAT(layer.channels[0].error, DoubleNear(std::sqrt(2 * 0.4 * 0.4) / 126, 1e-6));
}

TEST(QuantizeBounds, RefusesALayerWhoseWeightsVanishBesideAnOutlier) {
  // 1.27 steps a threshold; 0.25 is 0.3 of a step.
  const auto layers = rounding(network(outlier_and(8, 0.25F), 1, false));
  const ChannelRounding& c = of(layers, "l").channels[0];
  EXPECT_THAT(c.threshold_steps, DoubleNear(1.27, 1e-6));
  EXPECT_THAT(c.vanished, DoubleNear(8.0 / 9, 1e-12));
  EXPECT_THAT(c.error, DoubleNear(2.0, 1e-6));
  const auto faults = ruined_layers(layers);
  ASSERT_EQ(faults.size(), 1U);
  EXPECT_EQ(faults[0].where, "l");
  EXPECT_THAT(faults[0].what,
              AllOf(HasSubstr("1 of 1 channels"), HasSubstr("channel 0 of 'a'"), HasSubstr("100 thresholds"),
                    HasSubstr("89 %"), HasSubstr("--arithmetic float32"), HasSubstr("--data")));
}

TEST(QuantizeBounds, NotesALayerOfWhichAFewChannelsAreCoarse) {
  Floats weight = outlier_and(8, 0.25F);
  weight.resize(27, 0.25F);  // two more channels, without an outlier
  const auto layers = rounding(network(weight, 3, false));
  EXPECT_THAT(ruined_layers(layers), IsEmpty());
  const Notes notes = rounding_notes(layers);
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_EQ(notes[0].where, "l");
  EXPECT_THAT(notes[0].what, AllOf(HasSubstr("1 of 3 channels"), HasSubstr("--data")));
  EXPECT_THAT(rounding_notes(layers, false)[0].what, Not(HasSubstr("--data")));
}

TEST(QuantizeBounds, SaysSoWhereLogitsVanish) {
  // Without a neuron there is no threshold to measure by: 24 of 25 weights are 0.
  Graph graph = network(outlier_and(24, 0.25F), 1, false);
  graph.nodes.resize(4);
  graph.nodes.push_back(plain("out", "Output", {"l"}));
  const auto layers = rounding(graph);
  EXPECT_EQ(of(layers, "l").channels[0].threshold_steps, 0.0);
  ASSERT_EQ(ruined_layers(layers).size(), 1U);
  EXPECT_THAT(ruined_layers(layers)[0].what, AllOf(HasSubstr("96 %"), HasSubstr("channel 0 of 'a'")));
}

TEST(QuantizeBounds, LeavesWhatWeightDecayLeftAlone) {
  // Nothing that a threshold of 1 feels.
  const auto layers = rounding(network({1e-9F, 2e-9F, -1e-9F, 1, 1e-9F, 1e-9F}, 2, false));
  EXPECT_THAT(ruined_layers(layers), IsEmpty());
  EXPECT_THAT(rounding_notes(layers), IsEmpty());
  EXPECT_EQ(of(layers, "l").channels[1].vanished, 0.0);
}

}  // namespace
}  // namespace rheobase::test
