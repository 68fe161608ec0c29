// What passes know of a spiking neuron they know from its schema: a neuron that only this file names is
// quantised like any other.
#include <gmock/gmock.h>

#include <cmath>

#include "binarize/ops/schemas.h"
#include "binarize/passes/pack_binary.h"
#include "converters/onnx/exporter.h"
#include "converters/passes.h"
#include "converters/passes/layer_rounding.h"
#include "sim/graph/arithmetic.h"
#include "sim/graph/validate.h"
#include "tests/converters/onnx_model.h"

namespace rheobase::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// v <- v_leak + (v - v_leak) * decay + x. Spikes are worth `height`, whatever the threshold. In integers the
// decay is a multiple of 2^-8.
OpSchema leaky_schema() {
  OpSchema schema{
      "Leaky",
      Role::neuron,
      1,
      1,
      {{"decay", 0.0, true},
       {"v_leak", 0.0, false, Potential::rest},
       {"bits", std::int64_t{0}, false, {}, 8}},
      {{"threshold", true, Potential::threshold}, {"height"}, {"v_init", false, Potential::rest}},
      [](const Node&, std::span<const Shape> inputs, Faults&) { return std::optional(inputs[0]); }};
  schema.spike_height = "height";
  schema.make_fixed = [](Node& node) {
    node.attributes["decay"] = std::round(node.real("decay", 1.0) * 256);
    node.attributes["bits"] = std::int64_t{8};
  };
  return schema;
}

SchemaSet schemas() {
  SchemaSet schemas = converter_schemas();
  add_binary_schemas(schemas);
  schemas.add(leaky_schema());
  return schemas;
}

Node plain(const std::string& name, const std::string& op, const Names& from) {
  return {name, op, from, {}, {}};
}

Tensor tensor(const Floats& values) { return {{static_cast<std::int64_t>(values.size())}, values}; }

Node leaky(const std::string& name, const std::string& from, const Floats& threshold, const Floats& height,
           double v_leak) {
  Node node = plain(name, "Leaky", {from});
  node.attributes = {{"decay", 0.75}, {"v_leak", v_leak}};
  node.tensors = {{"threshold", tensor(threshold)}, {"height", tensor(height)}};
  return node;
}

Node linear(const std::string& name, const std::string& from, std::int64_t outputs, const Floats& weight,
            const Floats& bias = {}) {
  Node node = plain(name, "Linear", {from});
  node.tensors["weight"] = {{outputs, static_cast<std::int64_t>(weight.size()) / outputs}, weight};
  if (!bias.empty()) node.tensors["bias"] = tensor(bias);
  return node;
}

Node input(std::int64_t size) {
  Node node = plain("in", "Input", {});
  node.attributes["shape"] = Ints{size};
  return node;
}

// Neurons 'a' of heights 1 and 0.5, then 'l' with these weights, then 'b' of thresholds 1 and 2 and height 3.
Graph network(const Floats& weight, double v_leak) {
  return {{input(2), linear("first", "in", 2, {1, 0, 0, 1}), leaky("a", "first", {1}, {1, 0.5F}, 0),
           linear("l", "a", 2, weight), leaky("b", "l", {1, 2}, {3}, v_leak), plain("out", "Output", {"b"})}};
}

Graph fixed(Graph graph) {
  quantize(graph, schemas(), "net");
  return graph;
}

Floats values(const Graph& graph, const std::string& node, const std::string& tensor) {
  return graph.find(node)->tensors.at(tensor).as(ValueType::float32).value().reals();
}

TEST(AnyNeuron, IsQuantisedByItsSchema) {
  const Graph graph = fixed(network({1, 1, -1, 0.25F}, 0));
  // Spikes of 1 and 0.5 make {1, 0.5} and {-1, 0.125} of the weights. Channel 0: a threshold of 1 is 126
  // steps of 1 / 126, the most even ones with weights up to 127; channel 1: 2 is 254 steps of 1 / 127.
  EXPECT_EQ(values(graph, "l", "weight"), (Floats{126, 63, -127, 16}));
  EXPECT_EQ(values(graph, "b", "threshold"), (Floats{126, 254}));
  EXPECT_EQ(values(graph, "b", "height"), (Floats{1}));
  EXPECT_EQ(graph.find("b")->real("decay", 0), 192);  // 0.75 * 2^8
  EXPECT_EQ(graph.find("b")->integer("bits", 0), 8);
  EXPECT_EQ(values(graph, "out", "unit"), (Floats{3}));  // the height, not the threshold
  EXPECT_EQ(arithmetic_of(graph), Arithmetic::fixed);
}

TEST(AnyNeuron, SharesAUnitWhereOnePotentialIsThatOfAllChannels) {
  const Graph graph = fixed(network({1, 1, -1, 0.25F}, -0.5));
  EXPECT_EQ(values(graph, "b", "threshold"), (Floats{126, 252}));
  EXPECT_EQ(graph.find("b")->real("v_leak", 0), -63);
}

// Nothing reaches channel 0 of 'a', and its current is negative: it fires only where it leaks up to the
// threshold.
TEST(AnyNeuron, IsSilentWhereItRestsBelowItsThreshold) {
  const auto weights = [](double v_leak) {
    Graph graph = network({100, 1, 100, 1}, 0);
    graph.nodes[1] = linear("first", "in", 2, {0, 0, 0, 1}, {-0.25F, 0});
    graph.nodes[2].attributes["v_leak"] = v_leak;
    return values(fixed(std::move(graph)), "l", "weight");
  };
  EXPECT_EQ(weights(0)[0], 0);
  EXPECT_EQ(weights(0.9)[0], 0);
  EXPECT_EQ(weights(1)[0], 127);
}

TEST(AnyNeuron, IsNamedAmongThoseThatHaveIntegers) {
  Graph graph{{input(2), plain("relu", "ReLU", {"in"}), plain("out", "Output", {"relu"})}};
  const auto refusal = [&](const SchemaSet& known) -> std::string {
    try {
      quantize(graph, known, "net");
    } catch (const InputError& error) {
      return error.faults().at(0).what;
    }
    return "";
  };
  EXPECT_EQ(refusal(converter_schemas()),
            "ReLU has no fixed arithmetic; IF, MTIF, SigmaDelta, SignedIF are the neurons that have");
  EXPECT_EQ(refusal(schemas()),
            "ReLU has no fixed arithmetic; IF, Leaky, MTIF, SigmaDelta, SignedIF are the neurons that have");
}

TEST(AnyNeuron, HasNoCounterpartInOnnx) {
  try {
    onnx_file_bytes(network({1, 1, 1, 1}, 0), schemas(), {"net.h5", "0"});
    FAIL();
  } catch (const InputError& error) {
    ASSERT_EQ(error.faults().size(), 2U);
    EXPECT_THAT(error.faults()[0].what, HasSubstr("is a spiking neuron, which ONNX does not have"));
  }
}

// In integers a spike counts as 1, whatever its height; in float32 spikes of two heights are no bits.
TEST(AnyNeuron, EmitsBitsOfOneHeight) {
  Graph graph = network({1, 1, -1, 1}, 0);
  EXPECT_EQ(pack_binary(graph, schemas()), 0);
  graph.find("a")->tensors["height"] = tensor({0.5F});
  EXPECT_EQ(pack_binary(graph, schemas()), 1);
  EXPECT_EQ(graph.find("l")->op, "BinaryLinear");
}

// Faults of both arithmetics come from what the schema says of its settings.
TEST(AnyNeuron, IsCheckedAsItsArithmeticAsks) {
  Graph graph = network({1, 1, 1, 1}, 0);
  graph.find("b")->attributes["bits"] = std::int64_t{8};
  const auto what = [](const Graph& checked) {
    std::vector<std::string> result;
    for (const Fault& fault : validate(checked, schemas()).faults)
      result.push_back(fault.where + ": " + fault.what);
    return result;
  };
  EXPECT_THAT(what(graph), ElementsAre("b: attribute 'bits' belongs to fixed arithmetic"));
  graph = fixed(network({1, 1, 1, 1}, 0));
  EXPECT_THAT(what(graph), IsEmpty());
  graph.find("b")->attributes["bits"] = std::int64_t{9};
  graph.find("b")->attributes["v_leak"] = 0.5;
  EXPECT_THAT(
      what(graph),
      ElementsAre("b: attribute 'v_leak' is 0.5, expected an integer within +-2147483647 in fixed arithmetic",
                  "b: attribute 'bits' is 9, expected 0 to 8"));
}

}  // namespace
}  // namespace rheobase::test
