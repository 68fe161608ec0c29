// Binary synapses: the cpu device against the reference device on every SIMD target, and the reference
// against the real convolution that has the same weights.
#include <gtest/gtest.h>

#include <bit>

#include "binarize/ops/binary_conv2d_plan.h"
#include "binarize/ops/schemas.h"
#include "neurons/sign.h"
#include "sim/engine/engine.h"
#include "tests/support/build_graph.h"
#include "tests/support/fixed_graph.h"
#include "tests/support/simd_targets.h"

namespace rheobase {
namespace {

using testing::full_registry;
using testing::GraphBuilder;

using Ints = std::vector<std::int64_t>;

Tensor signs(GraphBuilder& b, const Shape& shape) { return {shape, Signs::of(b.tensor(shape).reals())}; }

struct Case {
  Shape input;
  Ints stride{1, 1}, padding{1, 1, 1, 1}, dilation{1, 1}, kernel{3, 3};
  std::int64_t outputs = 1;
  bool spikes = false;      // inputs: of IF, else of Sign
  bool thresholds = false;  // a Sign behind it
};

std::int64_t pick(std::mt19937& random, Ints choices) { return choices[random() % choices.size()]; }

// Odd sizes on purpose: channels beside byte, word and plane borders, windows larger than strips.
Case random_case(std::mt19937& random) {
  Case c;
  c.input = {pick(random, {1, 3, 8, 17, 64, 65, 131}), pick(random, {1, 5, 13}), pick(random, {1, 6, 19})};
  c.outputs = pick(random, {1, 15, 16, 31, 64, 70});
  c.kernel = {pick(random, {1, 2, 3}), pick(random, {1, 3, 5})};
  c.stride = {pick(random, {1, 2, 3}), pick(random, {1, 2})};
  c.dilation = {pick(random, {1, 1, 2}), pick(random, {1, 1, 2})};
  c.padding = {4, pick(random, {4, 5}), pick(random, {2, 4}), pick(random, {4, 6})};
  c.spikes = random() % 2 == 0;
  c.thresholds = random() % 2 == 0;
  return c;
}

Node binary_conv(GraphBuilder& b, const Case& c, const std::string& from) {
  Node node{"binary", "BinaryConv2d", {from}, {}, {}};
  node.attributes["stride"] = c.stride;
  node.attributes["padding"] = c.padding;
  node.attributes["dilation"] = c.dilation;
  node.tensors["weight"] = signs(b, {c.outputs, c.input[0], c.kernel[0], c.kernel[1]});
  return node;
}

// The case's graph with the binary node as it is, or with the real one in its place.
Graph graph_of(const Case& c, std::uint32_t seed, bool real) {
  GraphBuilder b(seed);
  const std::string image = b.input(c.input);
  const std::string bits =
      c.spikes ? b.if_neuron(image, 1.0F) : b.add(SignParameters{scalar_tensor(0.5F)}.node("", image));
  Node node = binary_conv(b, c, bits);
  if (real) {
    node.op = "Conv2d";
    node.tensors["weight"] = node.tensors["weight"].as(ValueType::float32).value();
  }
  std::string last = b.add(node);
  if (c.thresholds) {
    SignParameters sign{b.tensor({c.outputs})};
    for (float& threshold : sign.threshold.reals()) threshold = std::round(20 * threshold) / 2;
    last = b.add(sign.node("thresholds", last));
  }
  b.output(b.op("Flatten", {last}));
  return std::move(b.graph);
}

// The cpu kernels with a count method of choice, not only the one that is faster here.
Registry registry_with(CountMethod method) {
  Registry registry;
  register_structural_ops(registry);
  register_neurons(registry);
  add_binary_schemas(registry.schemas());
  for (const char* op : {"BinaryConv2d", "BinaryLinear"}) {
    for (const Arithmetic arithmetic : {Arithmetic::float32, Arithmetic::fixed}) {
      registry.add_plan(op, arithmetic,
                        [=](const NodeContext& context) { return plan_binary_conv2d(context, arithmetic); });
      registry.add_kernel(op, DeviceKind::cpu, arithmetic, [=](const NodeContext& context, const NodePlan&) {
        return make_binary_conv2d_cpu(context, arithmetic, method);
      });
    }
  }
  return registry;
}

std::vector<float> outputs(const Graph& graph, DeviceKind device,
                           const Registry& registry = full_registry()) {
  constexpr int slots = 3;
  Engine engine(graph, registry, {device, slots, 2, Coding::direct, 0, true});
  GraphBuilder random(11);
  std::vector<float> result;
  for (int slot = 0; slot < slots; ++slot)
    engine.load(slot, random.pixels(element_count(engine.input_shape())), static_cast<std::uint64_t>(slot));
  for (int t = 0; t < 3; ++t) {
    engine.step();
    for (int slot = 0; slot < slots; ++slot) {
      result.insert(result.end(), engine.logits(slot).begin(), engine.logits(slot).end());
      result.push_back(static_cast<float>(engine.spike_hash(slot) % 65521));
    }
  }
  return result;
}

void expect_parity(const Graph& graph, const std::vector<float>& expected) {
  for (const std::int64_t target : testing::simd_targets()) {
    const testing::ForcedTarget forced(target);
    for (const CountMethod method : {CountMethod::table, CountMethod::words}) {
      EXPECT_EQ(outputs(graph, DeviceKind::cpu, registry_with(method)), expected)
          << hwy::TargetName(target) << ", words " << (method == CountMethod::words) << "\n"
          << dump(graph);
    }
  }
}

TEST(BinaryParity, IsTheRealConvolutionOfTheSameWeightsAtAnySizeStridePaddingAndDilation) {
  std::mt19937 random(7);
  for (std::uint32_t i = 0; i < 80; ++i) {
    const Case c = random_case(random);
    const Graph graph = graph_of(c, i, false);
    const std::vector<float> expected = outputs(graph_of(c, i, true), DeviceKind::reference);
    EXPECT_EQ(outputs(graph, DeviceKind::reference), expected) << dump(graph);
    expect_parity(graph, expected);
  }
}

TEST(BinaryParity, CountsTimesAScaleAreTheWeightedSumsOfIntegers) {
  std::mt19937 random(9);
  for (std::uint32_t i = 0; i < 20; ++i) {
    Case c = random_case(random);
    c.spikes = true;
    GraphBuilder b(i);
    Node synapse = binary_conv(b, c, b.if_neuron(b.input(c.input), 1.0F));
    synapse.op = "Conv2d";
    b.output(b.op("Flatten", {b.if_neuron(b.add(synapse), 0.9F)}));
    const Graph real = testing::with_integers(b.graph);
    Graph graph = real;
    Node& node = *graph.find("binary");
    node.op = "BinaryConv2d";
    node.tensors["weight"] = synapse.tensors.at("weight");
    node.tensors["scale"] = Tensor({c.outputs}, std::vector<std::int32_t>(c.outputs, 120));
    const std::vector<float> expected = outputs(real, DeviceKind::reference);
    EXPECT_EQ(outputs(graph, DeviceKind::reference), expected) << dump(graph);
    expect_parity(graph, expected);
  }
}

TEST(BinaryParity, ManyInputsOfADenseLayerAreCountedWithoutOverflow) {
  for (const bool spikes : {false, true}) {
    GraphBuilder b(3);
    const std::string image = b.input({9001});
    const std::string bits =
        spikes ? b.if_neuron(image, 0.01F) : b.add(sign_node("", image));  // nearly all set
    Node node{"binary", "BinaryLinear", {bits}, {}, {}};
    node.tensors["weight"] = Tensor({70, 9001}, Signs(70 * 9001));
    b.output(b.add(node));
    const std::vector<float> expected = outputs(b.graph, DeviceKind::reference);
    EXPECT_LT(expected[0], spikes ? -85.0F : -8500.0F);
    expect_parity(b.graph, expected);
  }
}

TEST(BinaryParity, ScaleReluShiftAndAddendFollowTheSum) {
  GraphBuilder b(5);
  const std::string image = b.input({40, 7, 6});
  const std::string skip = b.conv2d(image, {.outputs = 21, .inputs = 40});
  const std::string bits = b.add(SignParameters{scalar_tensor(0.5F)}.node("", image));
  Node node{"binary", "BinaryConv2d", {bits, skip}, {{"padding", Ints{1, 1, 1, 1}}}, {}};
  node.attributes["relu"] = std::int64_t{1};
  node.tensors["weight"] = signs(b, {21, 40, 3, 3});
  node.tensors["scale"] = b.tensor({21});
  node.tensors["shift"] = b.tensor({21});
  b.output(b.op("Flatten", {b.add(node)}));

  Graph parts = b.graph;
  Node* binary = parts.find("binary");
  Node affine{"affine",
              "Affine",
              {"relu"},
              {},
              {{"scale", binary->tensors["scale"]}, {"shift", binary->tensors["shift"]}}};
  binary->inputs.pop_back();
  binary->attributes.erase("relu");
  binary->tensors.erase("scale");
  binary->tensors.erase("shift");
  parts.nodes.push_back({"relu", "ReLU", {"binary"}, {}, {}});
  parts.nodes.push_back(affine);
  parts.nodes.push_back({"sum", "Add", {"affine", skip}, {}, {}});
  for (Node& n : parts.nodes) {
    if (n.op == "Flatten") n.inputs = {"sum"};
  }
  const std::vector<float> expected = outputs(parts, DeviceKind::reference);
  EXPECT_EQ(outputs(b.graph, DeviceKind::reference), expected);
  expect_parity(b.graph, expected);
}

TEST(BinaryParity, WordsAreCountedWhereTheProcessorCountsThem) {
  for (const std::int64_t target : testing::simd_targets()) {
    const testing::ForcedTarget forced(target);
    EXPECT_STREQ(bit_rows_target(), hwy::TargetName(target));
    EXPECT_EQ(preferred_count_method() == CountMethod::words,
              target <= HWY_AVX3_DL);  // newer targets have smaller numbers
  }
}

TEST(BinaryParity, MaxPoolOfSignsIsTheSignOfTheMaxPool) {
  const auto pool = [](const std::string& from) {
    return Node{"pool",
                "MaxPool2d",
                {from},
                {{"kernel", Ints{3, 2}}, {"stride", Ints{2, 2}}, {"padding", Ints{1, 0, 1, 1}}},
                {}};
  };
  const auto build = [&](bool pool_first) {
    GraphBuilder b(5);
    const std::string image = b.conv2d(b.input({3, 9, 8}), {.outputs = 70, .inputs = 3});
    const std::string last = pool_first ? b.add(sign_node("sign", b.add(pool(image))))
                                        : b.add(pool(b.add(sign_node("sign", image))));
    b.output(b.op("Flatten", {last}));
    return std::move(b.graph);
  };
  const std::vector<float> expected = outputs(build(true), DeviceKind::reference);
  EXPECT_EQ(outputs(build(false), DeviceKind::reference), expected);
  expect_parity(build(false), expected);
}

}  // namespace
}  // namespace rheobase
