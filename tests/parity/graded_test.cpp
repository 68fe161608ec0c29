// Graded neurons in networks: every device, arithmetic, number of threads, slots and steps at once says the
// same.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "converters/passes.h"
#include "neurons/multi_threshold.h"
#include "sim/engine/engine.h"
#include "sim/graph/arithmetic.h"
#include "tests/support/build_graph.h"
#include "tests/support/outcome.h"
#include "tests/support/simd_targets.h"

namespace rheobase {
namespace {

using testing::full_registry;
using testing::GraphBuilder;
using testing::Outcome;
using testing::outcome_of;

constexpr std::int64_t height = 6, width = 5;
constexpr int steps = 6, samples = 3;

// A residual block behind a stem, with a max pool, an average pool and a readout; ReLUs have thresholds a
// channel.
Graph relu_network(Thresholds& thresholds, std::int64_t channels = 37) {
  GraphBuilder b(3);
  b.input({3, height, width});
  const auto relu = [&](const std::string& from, float max) {
    const std::string name = b.add({"", "ReLU", {from}, {}, {}});
    if (max > 0) b.graph.find(name)->attributes["max"] = static_cast<double>(max);
    for (std::int64_t c = 0; c < channels; ++c)
      thresholds[name].push_back(0.5F + 0.05F * static_cast<float>(c % 9));
    return name;
  };
  const std::string stem = relu(b.conv2d("input", {.outputs = channels, .inputs = 3}), 0);
  const std::string inner = relu(b.conv2d(stem, {.outputs = channels, .inputs = channels}), 0.9F);
  const std::string narrow = relu(
      b.conv2d(
          inner,
          {.outputs = channels, .inputs = channels, .kernel_h = 1, .kernel_w = 1, .padding = {0, 0, 0, 0}}),
      0);
  const std::string deep =
      relu(b.conv2d(narrow, {.outputs = channels, .inputs = channels, .groups = channels}), 0);  // depthwise
  const std::string sum = b.op("Add", {b.conv2d(deep, {.outputs = channels, .inputs = channels}), stem});
  const std::string pool =
      b.add({"pool", "MaxPool2d", {sum}, {{"kernel", std::vector<std::int64_t>{2, 2}}}, {}});
  const std::string last = relu(pool, 0);
  const std::string flat = b.op("Flatten", {b.avg_pool(last, 2)});
  b.output(b.linear(flat, channels * 2 * 2, 5));
  return std::move(b.graph);
}

Graph spiking(SpikingMethod method, Arithmetic arithmetic, std::int64_t channels = 37) {
  const Registry registry = full_registry();
  SpikingOptions options;
  options.method = method;
  options.levels = 6;
  Graph graph = relu_network(options.thresholds, channels);
  convert_to_snn(graph, registry.schemas(), "test", options);
  if (arithmetic == Arithmetic::fixed) quantize(graph, registry.schemas(), "test");
  return graph;
}

Outcome run(const Graph& graph, const EngineOptions& options) {
  GraphBuilder random(11);
  std::vector<std::vector<float>> images;
  for (int i = 0; i < samples; ++i) images.push_back(random.pixels(3 * height * width));
  return outcome_of(graph, full_registry(), options, samples, steps, [&](int i) {
    return SampleView{images[i], {}};
  });
}

class Graded : public ::testing::TestWithParam<std::tuple<SpikingMethod, Arithmetic>> {
 protected:
  Graph graph_ = spiking(std::get<0>(GetParam()), std::get<1>(GetParam()));
};

TEST_P(Graded, SaysTheSameWithAnyThreadsSlotsAndStepsAtOnce) {
  EngineOptions reference;
  reference.device = DeviceKind::reference;
  const Outcome expected = run(graph_, reference);
  EXPECT_GT(expected.events, 1000U);
  for (const int threads : {1, 3}) {
    for (const int slots : {1, 3}) {
      for (const int lookahead : {1, 4}) {
        EngineOptions options;
        options.threads = threads;
        options.slots = slots;
        options.lookahead = lookahead;
        EXPECT_EQ(run(graph_, options), expected)
            << threads << " threads, " << slots << " slots, " << lookahead;
      }
    }
  }
}

// Also by whichever path synapses add events up, and with channels that fill words and vectors or do not.
TEST_P(Graded, SaysTheSameOnEveryInstructionSetAndPath) {
  for (const std::int64_t channels : {16, 37, 64}) {
    const Graph graph = spiking(std::get<0>(GetParam()), std::get<1>(GetParam()), channels);
    EngineOptions options;
    options.device = DeviceKind::reference;
    const Outcome expected = run(graph, options);
    options.device = DeviceKind::cpu;
    for (const std::int64_t target : testing::simd_targets()) {
      const testing::ForcedTarget forced(target);
      for (const KernelChoice kernels : {KernelChoice::event, KernelChoice::dense}) {
        options.kernels = kernels;
        EXPECT_EQ(run(graph, options), expected)
            << hwy::TargetName(target) << ", " << channels << " channels, "
            << (kernels == KernelChoice::event ? "event" : "dense");
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Methods, Graded,
                         ::testing::Combine(::testing::Values(SpikingMethod::signed_if,
                                                              SpikingMethod::multi_threshold,
                                                              SpikingMethod::sigma_delta),
                                            ::testing::Values(Arithmetic::float32, Arithmetic::fixed)));

// Weights of 8 bits move a decision here and there, not the answer: logits are close.
// What runs fused stores no currents; what comes out is the same.
TEST_P(Graded, SaysTheSameWhetherKernelsAreFusedOrNot) {
  EngineOptions options;
  options.lookahead = 3;
  options.slots = 2;
  EngineOptions apart = options;
  apart.fuse = false;
  EXPECT_EQ(run(graph_, options), run(graph_, apart));
}

TEST(GradedNetwork, AnAnnSaysTheSameWhetherKernelsAreFusedOrNot) {
  Thresholds unused;
  const Graph ann = relu_network(unused);
  EngineOptions apart, reference;
  apart.fuse = false;
  reference.device = DeviceKind::reference;
  EXPECT_EQ(run(ann, {}), run(ann, apart));
  EXPECT_EQ(run(ann, {}), run(ann, reference));
}

// Vector kernels find an event from exponents, which subnormal numbers do not have.
TEST(GradedNetwork, UnitsBelowTheNormalNumbersSayTheSame) {
  constexpr float tiny = 1e-37F;  // of which a 32nd is subnormal
  Thresholds thresholds;
  Graph graph = relu_network(thresholds);
  for (auto& [node, values] : thresholds) std::fill(values.begin(), values.end(), tiny);
  for (Node& node : graph.nodes) {
    if (node.op != "Conv2d") continue;
    const bool first = node.inputs[0] == "input";
    for (float& weight : node.tensors.at("weight").reals()) weight *= first ? tiny : 1.0F;
    for (float& bias : node.tensors.at("bias").reals()) bias *= tiny;
  }
  SpikingOptions options;
  options.method = SpikingMethod::multi_threshold;
  options.levels = 6;
  options.thresholds = thresholds;
  convert_to_snn(graph, full_registry().schemas(), "test", options);
  EngineOptions reference;
  reference.device = DeviceKind::reference;
  const Outcome expected = run(graph, reference);
  EXPECT_GT(expected.events, 100U);
  EXPECT_EQ(run(graph, {}), expected);
}

TEST(GradedNetwork, FixedArithmeticIsCloseToReals) {
  EngineOptions options;
  for (const auto method : {SpikingMethod::multi_threshold, SpikingMethod::sigma_delta}) {
    const Outcome real = run(spiking(method, Arithmetic::float32), options);
    const Outcome fixed = run(spiking(method, Arithmetic::fixed), options);
    float largest = 0.0F, difference = 0.0F;
    for (std::size_t i = 0; i < real.logits.size(); ++i) {
      largest = std::max(largest, std::abs(real.logits[i]));
      difference = std::max(difference, std::abs(real.logits[i] - fixed.logits[i]));
    }
    EXPECT_LT(difference, 0.1F * largest) << to_string(method);
  }
}

// What the network of running values says after enough steps is what the network of ReLUs says.
TEST(GradedNetwork, RunningValuesEndAtTheActivationsOfTheAnn) {
  Thresholds thresholds;
  const Graph ann = relu_network(thresholds);
  const Graph snn = spiking(SpikingMethod::sigma_delta, Arithmetic::float32);
  GraphBuilder random(11);
  const std::vector<float> image = random.pixels(3 * height * width);
  Engine one(ann, full_registry(), {}), other(snn, full_registry(), {});
  one.load(0, image, 0);
  one.step();
  other.load(0, image, 0);
  constexpr int enough = 200;  // activations are many times the thresholds here
  for (int t = 0; t < enough; ++t) other.step();
  for (int k = 0; k < 5; ++k) EXPECT_NEAR(other.logits(0)[k] / enough, one.logits(0)[k], 0.5F) << k;
  const std::vector<std::uint64_t> before(other.spike_counts(0).begin(), other.spike_counts(0).end());
  for (int t = 0; t < 8; ++t) other.step();
  EXPECT_EQ(before, std::vector<std::uint64_t>(other.spike_counts(0).begin(), other.spike_counts(0).end()));
}

// Linear bottlenecks: what a synapse reads is a join whose channels get their largest terms from different
// branches.
TEST(GradedNetwork, JoinsThatASynapseReadsStayWithinItsBits) {
  const Registry registry = full_registry();
  GraphBuilder b(5);
  SpikingOptions options;
  options.method = SpikingMethod::sigma_delta;
  options.levels = 8;
  b.input({3, 4, 4});
  const auto conv = [&](const std::string& from, std::int64_t inputs, std::int64_t outputs) {
    return b.conv2d(
        from, {.outputs = outputs, .inputs = inputs, .kernel_h = 1, .kernel_w = 1, .padding = {0, 0, 0, 0}});
  };
  const auto relu = [&](const std::string& from, std::size_t channels) {
    const std::string name = b.add({"", "ReLU", {from}, {}, {}});
    options.thresholds[name].assign(channels, 1.0F);
    return name;
  };
  const std::string stem = relu(conv("input", 3, 32), 32);
  std::vector<std::string> branches;
  for (std::int64_t large = 0; large < 2; ++large) {
    branches.push_back(conv(stem, 32, 2));
    for (std::int64_t i = 0; i < 64; ++i)
      b.graph.find(branches.back())->tensors.at("weight").reals()[i] *= i / 32 == large ? 1.0F : 0.02F;
  }
  b.output(b.op("Flatten", {relu(conv(b.op("Add", branches), 2, 4), 4)}));
  convert_to_snn(b.graph, registry.schemas(), "test", options);
  quantize(b.graph, registry.schemas(), "test");
  EXPECT_NO_THROW(Engine(b.graph, registry, {}));
}

// What the layer that reads the image costs does not grow with the steps where the image enters once.
TEST(GradedNetwork, RunningValuesReadTheImageOnce) {
  const auto macs_of_the_image = [](SpikingMethod method, int budget) {
    EngineOptions options;
    options.costs = true;
    Engine engine(spiking(method, Arithmetic::float32), full_registry(), options);
    const std::vector<float> image = GraphBuilder(11).pixels(3 * height * width);
    bool more = true;
    std::uint64_t macs = 0;
    engine.stream(
        [&](SampleView& view, std::uint64_t& sample) {
          view = {image, {}};
          sample = 0;
          return std::exchange(more, false);
        },
        {}, budget, [&](const SampleResult& result) { macs = result.cost.synapses[0].macs; });
    return macs;
  };
  const std::uint64_t once = macs_of_the_image(SpikingMethod::sigma_delta, 1);
  EXPECT_GT(once, 0U);
  EXPECT_EQ(macs_of_the_image(SpikingMethod::sigma_delta, 6), once);
  EXPECT_EQ(macs_of_the_image(SpikingMethod::multi_threshold, 6), 6 * once);
}

TEST(GradedNetwork, RunningValuesTakeDirectCodingAlone) {
  EngineOptions options;
  options.coding = Coding::poisson;
  EXPECT_THROW(Engine(spiking(SpikingMethod::sigma_delta, Arithmetic::float32), full_registry(), options),
               InputError);
}

}  // namespace
}  // namespace rheobase
