// The binarising pass: what it packs, what it folds, and that the packed network is the same function.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "binarize/passes/pack_binary.h"
#include "binarize/passes/sum_chain.h"
#include "neurons/relu.h"
#include "neurons/sign.h"
#include "sim/engine/engine.h"
#include "sim/graph/validate.h"
#include "tests/support/build_graph.h"
#include "tests/support/fixed_graph.h"

namespace rheobase {
namespace {

using testing::full_registry;
using testing::GraphBuilder;

using Ints = std::vector<std::int64_t>;

int count(const Graph& graph, const std::string& op) {
  return static_cast<int>(
      std::count_if(graph.nodes.begin(), graph.nodes.end(), [&](const Node& n) { return n.op == op; }));
}

// Weights of the same magnitude for each output channel.
void binarize(Tensor& weight, GraphBuilder& b, bool unit) {
  const Tensor magnitude = b.tensor({weight.shape[0]});
  const std::size_t row = weight.size() / magnitude.size();
  for (std::size_t i = 0; i < weight.size(); ++i) {
    const float m = unit ? 1.0F : std::abs(magnitude.reals()[i / row]) + 0.01F;
    weight.reals()[i] = weight.reals()[i] < 0.0F ? -m : m;
  }
}

std::vector<float> outputs(const Graph& graph, DeviceKind device, int steps = 1, int lookahead = 1,
                           KernelChoice kernels = KernelChoice::automatic) {
  EngineOptions options{device, 4, 2, Coding::direct, 0, true};
  options.kernels = kernels;
  options.lookahead = lookahead;
  Engine engine(graph, full_registry(), options);
  GraphBuilder random(11);
  std::vector<float> result;
  for (int slot = 0; slot < 4; ++slot)
    engine.load(slot, random.pixels(element_count(engine.input_shape())), static_cast<std::uint64_t>(slot),
                steps);
  for (int t = 0; t < steps; ++t) {
    engine.step();
    for (int slot = 0; slot < 4; ++slot) {
      result.insert(result.end(), engine.logits(slot).begin(), engine.logits(slot).end());
      result.push_back(static_cast<float>(engine.spike_hash(slot) % 65521));
    }
  }
  return result;
}

struct Builder : GraphBuilder {
  using GraphBuilder::GraphBuilder;

  std::string sign(const std::string& from) { return add(sign_node("", from)); }
  std::string relu(const std::string& from) { return add(ReluParameters{}.node("", from)); }
  // Slopes of both signs and one of 0, as batch norm may learn them.
  std::string norm(const std::string& from, std::int64_t channels) {
    Tensor scale = tensor({channels}), shift = tensor({channels});
    scale.reals()[0] = 0.0F;
    for (float& value : shift.reals()) value *= 20.0F;
    return add({"", "Affine", {from}, {}, {{"scale", scale}, {"shift", shift}}});
  }
  std::string binary(const std::string& from, std::int64_t inputs, std::int64_t outputs, bool unit) {
    const std::string name = conv2d(from, {.outputs = outputs, .inputs = inputs, .bias = false});
    binarize(graph.find(name)->tensors.at("weight"), *this, unit);
    return name;
  }
};

// A residual network, a pool before a sign, a dense layer: everything the pass folds.
Graph network(bool unit, std::uint32_t seed) {
  Builder b(seed);
  const std::string x = b.norm(b.relu(b.conv2d(b.input({3, 9, 9}), {.outputs = 20, .inputs = 3})), 20);
  const std::string inner = b.norm(b.relu(b.binary(b.sign(x), 20, 20, unit)), 20);
  const std::string block = b.op("Add", {b.norm(b.relu(b.binary(b.sign(inner), 20, 20, unit)), 20), x});
  const std::string wide = b.norm(b.binary(b.sign(block), 20, 70, unit), 70);
  const std::string pooled =
      b.add({"pool", "MaxPool2d", {wide}, {{"kernel", Ints{2, 2}}, {"stride", Ints{2, 2}}}, {}});
  const std::string dense = b.linear(b.op("Flatten", {b.sign(pooled)}), 70 * 16, 30);
  b.graph.find(dense)->tensors.erase("bias");
  binarize(b.graph.find(dense)->tensors.at("weight"), b, unit);
  b.output(b.linear(b.norm(dense, 30), 30, 10));
  return std::move(b.graph);
}

TEST(PackBinary, LeavesNoAffineReluOrAdditionBehindABinaryLayer) {
  Graph graph = network(true, 1);
  EXPECT_EQ(pack_binary(graph, full_registry().schemas()), 4);
  validate_or_throw(graph, full_registry().schemas(), "packed");
  EXPECT_EQ(count(graph, "BinaryConv2d"), 3);
  EXPECT_EQ(count(graph, "BinaryLinear"), 1);
  EXPECT_EQ(count(graph, "ReLU"), 1);    // of the stem
  EXPECT_EQ(count(graph, "Affine"), 1);  // of the stem
  EXPECT_EQ(count(graph, "Add"), 0);
  for (const Node& node : graph.nodes) {
    if (node.op == "MaxPool2d") {
      EXPECT_EQ(graph.find(node.inputs[0])->op, "Sign");
    }
  }
}

// What a binary layer makes are sums, real where its scale is; its Sign makes neurons of them.
TEST(PackBinary, LeavesTheNeuronsToTheSigns) {
  const SchemaSet schemas = full_registry().schemas();
  Graph graph = network(true, 1);
  const auto neurons = [&] {
    const ShapeMap shapes = validate_or_throw(graph, schemas, "graph");
    std::int64_t sum = 0;
    for (const Node& node : graph.nodes) {
      if (schemas.of(node).is_neuron()) sum += element_count(shapes.at(node.name));
    }
    return sum;
  };
  // Signs of 20x9x9, 20x9x9, 20x9x9 and 70x4x4 values, and ReLUs of three times 20x9x9.
  EXPECT_EQ(neurons(), 6 * 20 * 81 + 70 * 16);
  pack_binary(graph, schemas);
  // One ReLU is left, the stem's. The last sign went before its pool, to 70x9x9 values.
  EXPECT_EQ(neurons(), 4 * 20 * 81 + 70 * 81);
}

TEST(PackBinary, OfUnitWeightsEqualsTheFloatNetworkBitForBit) {
  for (std::uint32_t seed = 0; seed < 20; ++seed) {
    const Graph plain = network(true, seed);
    Graph packed = plain;
    pack_binary(packed, full_registry().schemas());
    const std::vector<float> expected = outputs(plain, DeviceKind::reference);
    EXPECT_EQ(outputs(packed, DeviceKind::reference), expected);
    EXPECT_EQ(outputs(packed, DeviceKind::cpu), expected);
  }
}

TEST(PackBinary, OfScaledWeightsEqualsTheFloatNetworkUpToRounding) {
  for (std::uint32_t seed = 0; seed < 20; ++seed) {
    const Graph plain = network(false, seed);
    Graph packed = plain;
    EXPECT_EQ(pack_binary(packed, full_registry().schemas()), 4);
    const std::vector<float> expected = outputs(plain, DeviceKind::cpu);
    const std::vector<float> found = outputs(packed, DeviceKind::cpu);
    for (std::size_t i = 0; i < expected.size(); ++i)
      EXPECT_NEAR(found[i], expected[i], 1e-4F * (1.0F + std::abs(expected[i])));
  }
}

TEST(PackBinary, LeavesOtherWeightsGroupsAndRealInputsAsTheyAre) {
  Builder b(2);
  const std::string image = b.input({4, 5, 5});
  const std::string real_input = b.binary(image, 4, 4, true);
  const std::string other_weights = b.conv2d(b.sign(real_input), {.outputs = 4, .inputs = 4});
  const std::string grouped = b.conv2d(b.sign(other_weights), {.outputs = 4, .inputs = 4, .groups = 2});
  binarize(b.graph.find(grouped)->tensors.at("weight"), b, true);
  b.output(b.op("Flatten", {grouped}));
  Graph graph = b.graph;
  EXPECT_EQ(pack_binary(graph, full_registry().schemas()), 0);
  EXPECT_EQ(graph, b.graph);
}

// A spiking network with binary weights, in integers: the same spikes from popcounts as from sums of weights.
TEST(PackBinary, ASpikingNetworkWithBinaryWeightsSpikesTheSame) {
  for (std::uint32_t seed = 0; seed < 10; ++seed) {
    Builder b(seed);
    const std::string first = b.if_neuron(b.conv2d(b.input({3, 9, 8}), {.outputs = 17, .inputs = 3}), 0.7F);
    const std::string second =
        b.if_neuron(b.conv2d(first, {.outputs = 70, .inputs = 17, .stride = {2, 1}}), 0.9F);
    const std::string third = b.if_neuron(b.conv2d(second, {.outputs = 30, .inputs = 70}), 0.9F);
    b.output(b.linear(b.op("Flatten", {third}), 30 * 5 * 8, 5));
    for (Node& node : b.graph.nodes) {
      if (node.op == "Conv2d" && node.inputs[0] != "input") binarize(node.tensors.at("weight"), b, false);
    }
    const Graph plain = testing::with_integers(b.graph);
    Graph packed = plain;
    ASSERT_EQ(pack_binary(packed, full_registry().schemas()), 2);
    const std::vector<float> expected = outputs(plain, DeviceKind::reference, 6);
    EXPECT_EQ(outputs(packed, DeviceKind::reference, 6), expected);
    for (const KernelChoice kernels : {KernelChoice::automatic, KernelChoice::event, KernelChoice::dense}) {
      for (const int lookahead : {1, 4})
        EXPECT_EQ(outputs(packed, DeviceKind::cpu, 6, lookahead, kernels), expected);
    }
    const EngineOptions options{DeviceKind::cpu, 1, 1, Coding::direct, 0, false};
    EXPECT_GE(Engine(packed, full_registry(), options).max_steps(),
              Engine(plain, full_registry(), options).max_steps());
  }
}

TEST(SumChain, ThresholdsAreWhereTheRoundedChainCrosses) {
  SumChain chain;
  chain.append({"",
                "Affine",
                {},
                {},
                {{"scale", {{3}, {0.1F, -0.1F, 0.0F}}}, {"shift", {{3}, {-0.3F, 0.3F, -1.0F}}}}});
  const std::int32_t reach = 9;
  for (std::int64_t c = 0; c < 3; ++c) {
    const SumThreshold found = threshold_of(chain, c, 0.0F, reach);
    for (std::int32_t sum = -reach; sum <= reach; ++sum)
      EXPECT_EQ((found.mirrored ? -sum : sum) >= found.least, chain.value(sum, c) >= 0.0F) << c << " " << sum;
  }
  EXPECT_TRUE(threshold_of(chain, 1, 0.0F, reach).mirrored);
  EXPECT_EQ(threshold_of(chain, 2, 0.0F, reach).least, reach + 1);  // never
  EXPECT_EQ(threshold_of(chain, 2, -1.0F, reach).least, -reach);    // always
}

}  // namespace
}  // namespace rheobase
