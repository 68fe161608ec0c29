// Every kernel of the cpu device against the reference device, on every SIMD target: equal bit for bit.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <set>

#include "neurons/li.h"
#include "neurons/relu.h"
#include "neurons/sign.h"
#include "sim/engine/engine.h"
#include "sim/graph/validate.h"
#include "sim/op/synapse/row_kernels.h"
#include "tests/support/build_graph.h"
#include "tests/support/leaky_snn.h"
#include "tests/support/simd_targets.h"

namespace rheobase {
namespace {

using testing::full_registry;
using testing::GraphBuilder;

using Ints = std::vector<std::int64_t>;

// One op behind an input of real values or of spikes, and what it writes after each of three steps for two
// samples.
struct Case {
  std::string op;
  Shape input;
  bool spikes = false;
  std::function<std::string(GraphBuilder&, const std::string& from)> build;
};

Graph graph_of(const Case& test, std::uint32_t seed) {
  GraphBuilder b(seed);
  std::string from = b.input(test.input);
  if (test.spikes) from = b.if_neuron(from, 0.9F);
  const std::string op = test.build(b, from);
  const Validation result = validate(b.graph, full_registry().schemas());
  const bool flat = result.shapes.at(op).size() == 1;
  b.output(flat ? op : b.op("Flatten", {op}));
  return std::move(b.graph);
}

std::vector<std::uint32_t> outputs(const Graph& graph, DeviceKind device) {
  Engine engine(graph, full_registry(), {device, 2, 2, Coding::direct, 0, true});
  GraphBuilder random(11);
  for (int slot = 0; slot < 2; ++slot) {
    engine.load(slot, random.pixels(element_count(engine.input_shape())), static_cast<std::uint64_t>(slot));
  }
  std::vector<std::uint32_t> bits;
  for (int t = 0; t < 3; ++t) {
    engine.step();
    for (int slot = 0; slot < 2; ++slot) {
      for (const float value : engine.logits(slot)) bits.push_back(std::bit_cast<std::uint32_t>(value));
      bits.push_back(static_cast<std::uint32_t>(engine.spike_hash(slot)));
    }
  }
  return bits;
}

void expect_parity(const Case& test, std::uint32_t seed) {
  const Graph graph = graph_of(test, seed);
  const std::vector<std::uint32_t> expected = outputs(graph, DeviceKind::reference);
  for (const std::int64_t target : testing::simd_targets()) {
    const testing::ForcedTarget forced(target);
    EXPECT_EQ(outputs(graph, DeviceKind::cpu), expected) << hwy::TargetName(target) << "\n" << dump(graph);
  }
}

std::int64_t pick(std::mt19937& random, Ints choices) { return choices[random() % choices.size()]; }

// Odd sizes on purpose: channels beside word and plane borders, windows that do not fit evenly.
Case random_conv2d(std::mt19937& random) {
  const std::int64_t groups = pick(random, {1, 1, 1, 2, 3});
  GraphBuilder::Conv conv;
  conv.groups = groups;
  conv.inputs = groups * pick(random, {1, 3, 17, 32, 65});
  conv.outputs = groups * pick(random, {1, 5, 16, 33, 70});
  conv.kernel_h = pick(random, {1, 2, 3});
  conv.kernel_w = pick(random, {1, 3, 5});
  conv.stride = {pick(random, {1, 2, 3}), pick(random, {1, 2})};
  conv.dilation = {pick(random, {1, 1, 2}), 1};
  conv.padding = {pick(random, {0, 1, 2}), pick(random, {0, 1, 2}), pick(random, {0, 1}),
                  pick(random, {0, 2})};
  conv.bias = random() % 4 != 0;
  return {"Conv2d", {conv.inputs, 7, 6}, random() % 2 == 0, [conv](GraphBuilder& b, const std::string& from) {
            return b.conv2d(from, conv);
          }};
}

TEST(Parity, Conv2dAtOddSizesStridesPaddingsAndGroups) {
  std::mt19937 random(42);
  for (std::uint32_t i = 0; i < 60; ++i) expect_parity(random_conv2d(random), i);
}

TEST(Parity, Conv2dOfManyRowsUsesNarrowPlanes) {
  const GraphBuilder::Conv conv{.outputs = 100, .inputs = 300};
  for (const bool spikes : {false, true}) {
    expect_parity({"Conv2d",
                   {300, 3, 3},
                   spikes,
                   [&](GraphBuilder& b, const std::string& f) { return b.conv2d(f, conv); }},
                  5);
  }
}

Case leaky_case(Reset reset) {
  return {"LIF", {70, 7, 6}, false, [reset](GraphBuilder& b, const std::string& f) {
            LifParameters p;
            testing::leak_by_channel(b, p, 70);
            p.v_threshold = b.tensor({70});
            for (float& v : p.v_threshold.reals()) v = std::abs(v) + 0.1F;
            p.height = scalar_tensor(0.75F);
            p.reset = reset;
            return b.add(p.node("", b.conv2d(f, {.outputs = 70, .inputs = 70})));
          }};
}

Case general_case(Reset reset, bool delayed, bool bounded) {
  return {"GeneralLIF", {70, 7, 6}, false, [=](GraphBuilder& b, const std::string& f) {
            return b.add(testing::general_lif(b, 70, reset, delayed, bounded)
                             .node("", b.conv2d(f, {.outputs = 70, .inputs = 70})));
          }};
}

std::vector<Case> other_cases() {
  const auto op = [](const char* name, std::map<std::string, Attribute> attributes) {
    return [=](GraphBuilder& b, const std::string& from) {
      return b.add({"", name, {from}, attributes, {}});
    };
  };
  const Shape image{70, 7, 6};
  std::vector<Case> cases = {
      {"Linear", {131}, false, [](GraphBuilder& b, const std::string& f) { return b.linear(f, 131, 21); }},
      {"Affine", image, false,
       [](GraphBuilder& b, const std::string& f) {
         return b.add({"", "Affine", {f}, {}, {{"scale", b.tensor({70})}, {"shift", b.tensor({70})}}});
       }},
      {"AvgPool2d", image, false,
       op("AvgPool2d", {{"kernel", Ints{3, 2}},
                        {"stride", Ints{2, 2}},
                        {"padding", Ints{1, 0, 1, 1}},
                        {"ceil_mode", std::int64_t{1}}})},
      {"AvgPool2d", image, false,
       op("AvgPool2d",
          {{"kernel", Ints{2, 2}}, {"padding", Ints{1, 1, 0, 0}}, {"count_include_pad", std::int64_t{1}}})},
      {"MaxPool2d", image, false,
       op("MaxPool2d", {{"kernel", Ints{3, 3}}, {"stride", Ints{2, 1}}, {"dilation", Ints{1, 2}}})},
      {"CumulativeMaxPool2d", image, false,
       op("CumulativeMaxPool2d", {{"kernel", Ints{3, 3}}, {"stride", Ints{2, 1}}, {"dilation", Ints{1, 2}}})},
      {"Slice", image, false,
       op("Slice", {{"start", Ints{3, 1, 0}}, {"stop", Ints{69, 7, 6}}, {"step", Ints{1, 2, 3}}})},
      {"Pad", image, false, op("Pad", {{"before", Ints{5, 0, 1}}, {"after", Ints{60, 2, 0}}})},
      {"Flatten", image, false, op("Flatten", {})},
      {"Add", image, false,
       [](GraphBuilder& b, const std::string& f) {
         return b.op("Add", {f, f, b.if_neuron(f, 0.4F)});
       }},
      {"Concat", image, false,
       [](GraphBuilder& b, const std::string& f) {
         return b.op("Concat", {f, b.if_neuron(f, 0.4F), f});
       }},
      {"IF", image, false,
       [](GraphBuilder& b, const std::string& f) {
         IfParameters p{b.tensor({70}), b.tensor({70}), Reset::zero, 0.125F};
         for (float& v : p.v_threshold.reals()) v = std::abs(v) + 0.1F;
         return b.add(p.node("", b.conv2d(f, {.outputs = 70, .inputs = 70})));
       }},
      {"LI", image, false,
       [](GraphBuilder& b, const std::string& f) {
         LiParameters p{b.tensor({70}), b.tensor({70}), b.tensor({70})};
         for (float& decay : p.decay.reals()) decay = std::min(std::abs(decay), 1.0F);
         return b.add(p.node("", b.conv2d(f, {.outputs = 70, .inputs = 70})));
       }},
      {"QCFS", image, false,
       [](GraphBuilder& b, const std::string& f) {
         return b.add(QcfsParameters{scalar_tensor(0.8F), 4}.node("", f));
       }},
      {"ReLU", image, false,
       [](GraphBuilder& b, const std::string& f) {
         return b.add(ReluParameters{0.6F}.node("", b.conv2d(f, {.outputs = 7, .inputs = 70})));
       }},
      {"Sign", image, false, [](GraphBuilder& b, const std::string& f) { return b.add(sign_node("", f)); }},
      {"Output", {9}, false, [](GraphBuilder&, const std::string& f) { return f; }},
  };
  for (const Reset reset : {Reset::subtract, Reset::zero, Reset::none}) cases.push_back(leaky_case(reset));
  for (const Reset reset : {Reset::subtract, Reset::zero, Reset::none})
    cases.push_back(general_case(reset, false, reset == Reset::zero));
  cases.push_back(general_case(Reset::subtract, true, false));
  cases.push_back(general_case(Reset::subtract, true, true));
  const std::size_t real = cases.size();
  for (std::size_t i = 0; i < real; ++i) {
    cases.push_back(cases[i]);
    cases.back().spikes = true;
  }
  return cases;
}

TEST(Parity, EveryOpForRealValuesAndForSpikes) {
  for (const Case& test : other_cases()) expect_parity(test, 3);
}

TEST(Parity, CoversEveryOpOfTheCpuDevice) {
  std::set<std::string> covered{
      "Conv2d",  "BinaryConv2d", "BinaryLinear",                // binary_parity_test.cpp, graded_test.cpp:
      "Onset",   "SignedIF",     "MTIF",         "SigmaDelta",  // burst_test.cpp:
      "BurstLIF"};
  for (const Case& test : other_cases()) covered.insert(test.op);
  for (const std::string& op : full_registry().supported(DeviceKind::cpu, Arithmetic::float32))
    EXPECT_TRUE(covered.contains(op)) << op;
}

TEST(Parity, AWholeNetworkSpikesTheSameOnEveryTarget) {
  const Graph graph = testing::small_residual_snn();
  const std::vector<std::uint32_t> expected = outputs(graph, DeviceKind::reference);
  for (const std::int64_t target : testing::simd_targets()) {
    const testing::ForcedTarget forced(target);
    EXPECT_STREQ(row_kernel_target(), hwy::TargetName(target));
    EXPECT_EQ(outputs(graph, DeviceKind::cpu), expected);
  }
}

// The reference itself, against sums written out by hand.
TEST(Reference, Conv2dSumsTheTapsOfItsWindow) {
  GraphBuilder b;
  b.input({2, 2, 2});
  Node conv{"conv", "Conv2d", {"input"}, {{"padding", Ints{1, 0, 0, 0}}}, {}};
  conv.tensors["weight"] = {{1, 2, 2, 2}, {1, 2, 3, 4, 10, 20, 30, 40}};
  conv.tensors["bias"] = {{1}, {0.5F}};
  b.add(conv);
  b.output(b.op("Flatten", {"conv"}));
  Engine engine(b.graph, full_registry(), {DeviceKind::reference, 1, 1, Coding::direct, 0, false});
  engine.load(0, std::vector<float>{1, 2, 3, 4, 5, 6, 7, 8}, 0);
  engine.step();
  // Row 0: the window's upper half lies in the padding. Row 1: it covers the image.
  const float top = 0.5F + 3 * 1 + 4 * 2 + 30 * 5 + 40 * 6;
  const float bottom = 0.5F + 1 * 1 + 2 * 2 + 3 * 3 + 4 * 4 + 10 * 5 + 20 * 6 + 30 * 7 + 40 * 8;
  EXPECT_EQ(engine.logits(0)[0], top);
  EXPECT_EQ(engine.logits(0)[1], bottom);
}

TEST(Reference, SpikesAddTheirHeightTimesTheWeight) {
  GraphBuilder b;
  const std::string neuron = b.if_neuron(b.input({2}), 0.5F);
  Node linear{"linear", "Linear", {neuron}, {}, {{"weight", {{1, 2}, {3, 5}}}}};
  b.output(b.add(linear));
  Engine engine(b.graph, full_registry(), {DeviceKind::reference, 1, 1, Coding::direct, 0, false});
  engine.load(0, std::vector<float>{0.25F, 0.0F}, 0);
  engine.step();  // v = 0.25 + 0.25: the first neuron fires, with height 0.5
  EXPECT_EQ(engine.logits(0)[0], 1.5F);
  engine.step();
  EXPECT_EQ(engine.logits(0)[0], 1.5F);
}

TEST(Reference, RearrangingOpsMoveChannelsPixelByPixel) {
  GraphBuilder b;
  b.input({3, 1, 2});
  b.add({"slice",
         "Slice",
         {"input"},
         {{"start", Ints{0, 0, 0}}, {"stop", Ints{3, 1, 2}}, {"step", Ints{2, 1, 1}}},
         {}});
  b.add({"pad", "Pad", {"slice"}, {{"before", Ints{1, 0, 1}}, {"after", Ints{2, 0, 0}}}, {}});
  b.add({"even",
         "Slice",
         {"pad"},
         {{"start", Ints{0, 0, 1}}, {"stop", Ints{5, 1, 3}}, {"step", Ints{1, 1, 1}}},
         {}});
  b.output(b.op("Flatten", {b.op("Concat", {"input", "even"})}));
  Engine engine(b.graph, full_registry(), {DeviceKind::reference, 1, 1, Coding::direct, 0, false});
  engine.load(0, std::vector<float>{1, 2, 3, 4, 5, 6}, 0);  // channel by channel
  engine.step();
  EXPECT_EQ(std::vector<float>(engine.logits(0).begin(), engine.logits(0).end()),
            (std::vector<float>{1, 2, 3, 4, 5, 6, 0, 0, 1, 2, 5, 6, 0, 0, 0, 0}));
}

TEST(Reference, AveragePoolsDivideByWhatTheyCover) {
  GraphBuilder b;
  b.input({1, 3, 3});
  b.add({"pool",
         "AvgPool2d",
         {"input"},
         {{"kernel", Ints{2, 2}}, {"stride", Ints{2, 2}}, {"ceil_mode", std::int64_t{1}}},
         {}});
  b.output(b.op("Flatten", {"pool"}));
  Engine engine(b.graph, full_registry(), {DeviceKind::reference, 1, 1, Coding::direct, 0, false});
  engine.load(0, std::vector<float>{1, 2, 3, 4, 5, 6, 7, 8, 9}, 0);
  engine.step();
  EXPECT_EQ(std::vector<float>(engine.logits(0).begin(), engine.logits(0).end()),
            (std::vector<float>{3, 4.5F, 7.5F, 9}));
}

}  // namespace
}  // namespace rheobase
