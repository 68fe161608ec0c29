#include "neurons/lif.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "converters/passes.h"
#include "neurons/lif_step.h"
#include "sim/engine/engine.h"
#include "sim/format/model_file.h"
#include "sim/graph/arithmetic.h"
#include "tests/sim/format/scratch.h"
#include "tests/support/leaky_snn.h"

namespace rheobase {
namespace {

using ::testing::ElementsAre;
using testing::full_registry;
using testing::GraphBuilder;

constexpr std::int32_t one = 1 << lif_decay_bits;

TEST(Lif, LeaksThenAddsThenFires) {
  const LifNeuron<float> neuron{0.5F, 0.0F, 1.0F, 0.0F};
  float v = 0.5F;
  EXPECT_FALSE(lif_step(v, 0.25F, neuron, Reset::subtract));
  EXPECT_EQ(v, 0.5F);  // 0.5 * 0.5 + 0.25
  EXPECT_TRUE(lif_step(v, 0.75F, neuron, Reset::subtract));
  EXPECT_EQ(v, 0.0F);  // 0.25 + 0.75 == v_threshold fires
  EXPECT_TRUE(lif_step(v, 2.5F, neuron, Reset::subtract));
  EXPECT_EQ(v, 1.5F);  // one spike a step, the rest is kept
  EXPECT_FALSE(lif_step(v, 0.0F, neuron, Reset::subtract));
  EXPECT_EQ(v, 0.75F);  // it leaks before it is compared
}

TEST(Lif, LeaksTowardsVLeak) {
  const LifNeuron<float> neuron{0.5F, -1.0F, 1.0F, 0.0F};
  float v = 1.0F;
  EXPECT_FALSE(lif_step(v, 0.25F, neuron, Reset::subtract));
  EXPECT_EQ(v, 0.25F);  // -1 + 2 * 0.5 + 0.25
  EXPECT_FALSE(lif_step(v, 0.0F, neuron, Reset::subtract));
  EXPECT_EQ(v, -0.375F);  // -1 + 1.25 * 0.5
  const LifNeuron<float> pacemaker{0.5F, 1.0F, 1.0F, 0.0F};
  v = 0.0F;
  EXPECT_FALSE(lif_step(v, 0.0F, pacemaker, Reset::subtract));
  EXPECT_EQ(v, 0.5F);
  EXPECT_TRUE(lif_step(v, 0.25F, pacemaker, Reset::subtract));  // 1 - 0.5 * 0.5 + 0.25
  EXPECT_EQ(v, 0.0F);
}

TEST(Lif, ResetsAsAsked) {
  const LifNeuron<float> neuron{0.5F, 0.25F, 1.0F, -0.25F};
  float v = 0.75F;
  EXPECT_TRUE(lif_step(v, 2.0F, neuron, Reset::zero));
  EXPECT_EQ(v, -0.25F);
  EXPECT_FALSE(lif_step(v, 0.5F, neuron, Reset::zero));
  EXPECT_EQ(v, 0.5F);  // 0.25 - 0.5 * 0.5 + 0.5
  EXPECT_TRUE(lif_step(v, 2.0F, neuron, Reset::none));
  EXPECT_EQ(v, 2.375F);  // 0.25 + 0.25 * 0.5 + 2
}

// The product 3 * 0.1 is 0.300000004..., which float32 rounds to its 0.3; fused into the sum it would leave
// -7.45e-9.
TEST(Lif, RoundsTheProductBeforeTheSum) {
  const LifNeuron<float> neuron{0.1F, 0.0F, 1.0F, 0.0F};
  float v = 3.0F;
  lif_step(v, -0.3F, neuron, Reset::none);
  EXPECT_EQ(v, 0.0F);
}

TEST(Lif, DecaysIntegersToTheNearestHalvesUp) {
  const auto after = [](std::int32_t u, double decay) {
    return decayed(u, static_cast<std::int32_t>(decay * one));
  };
  EXPECT_EQ(after(3, 0.5), 2);    // 1.5
  EXPECT_EQ(after(-3, 0.5), -1);  // -1.5
  EXPECT_EQ(after(-1, 0.5), 0);   // -0.5
  EXPECT_EQ(after(3, 0.75), 2);   // 2.25
  EXPECT_EQ(after(-3, 0.75), -2);
  EXPECT_EQ(after(1, 0.75), 1);  // 0.75: it leaks no further
  EXPECT_EQ(after(-1, 0.75), -1);
  EXPECT_EQ(after(2147483647, 1.0), 2147483647);
  EXPECT_EQ(after(-2147483647, 1.0), -2147483647);
  EXPECT_EQ(after(2147483647, 0.5), 1073741824);
  EXPECT_EQ(after(-2147483647, 0.5), -1073741823);
  EXPECT_EQ(after(2147483647, 0.0), 0);
}

TEST(Lif, StepsIntegersByHand) {
  const LifNeuron<std::int32_t> neuron{one / 4 * 3, -4, 10, -6};
  std::int32_t v = 5;
  EXPECT_FALSE(lif_step(v, 3, neuron, Reset::subtract));
  EXPECT_EQ(v, 6);  // -4 + 9 * 0.75 (6.75) + 3
  EXPECT_TRUE(lif_step(v, 7, neuron, Reset::subtract));
  EXPECT_EQ(v, 1);                                    // -4 + 10 * 0.75 (7.5, up) + 7 = 11
  EXPECT_TRUE(lif_step(v, 10, neuron, Reset::zero));  // -4 + 5 * 0.75 (3.75) + 10 = 10 == v_threshold
  EXPECT_EQ(v, -6);
  EXPECT_FALSE(lif_step(v, 0, neuron, Reset::zero));
  EXPECT_EQ(v, -5);  // -4 - 2 * 0.75 (-1.5, up)
  EXPECT_TRUE(lif_step(v, 20, neuron, Reset::none));
  EXPECT_EQ(v, 15);  // -4 - 1 * 0.75 (-0.75) + 20
}

TEST(Lif, AtDecayZeroForgetsWhatWas) {
  std::mt19937 random(3);
  std::uniform_real_distribution<float> real(-2.0F, 2.0F);
  for (int i = 0; i < 1000; ++i) {
    const LifNeuron<float> neuron{0.0F, real(random), 1.0F, 0.0F};
    float v = real(random);
    const float x = real(random);
    EXPECT_EQ(lif_step(v, x, neuron, Reset::none), neuron.v_leak + x >= 1.0F);
    EXPECT_EQ(v, neuron.v_leak + x);
  }
}

// Spike hash and logits, slot by slot.
std::vector<double> outcomes(const Graph& graph, DeviceKind device, int steps = 12) {
  Engine engine(graph, full_registry(), {device, 2, 1, Coding::direct, 0, true});
  GraphBuilder random(11);
  std::vector<double> result;
  for (int slot = 0; slot < 2; ++slot)
    engine.load(slot, random.pixels(element_count(engine.input_shape())), static_cast<std::uint64_t>(slot));
  for (int t = 0; t < steps; ++t) engine.step();
  for (int slot = 0; slot < 2; ++slot) {
    result.push_back(static_cast<double>(engine.spike_hash(slot) >> 11));
    result.insert(result.end(), engine.logits(slot).begin(), engine.logits(slot).end());
  }
  return result;
}

std::vector<std::uint64_t> spike_counts(const Graph& graph, int steps) {
  Engine engine(graph, full_registry(), {DeviceKind::cpu, 1, 1, Coding::direct, 0, false});
  engine.load(0, GraphBuilder(11).pixels(element_count(engine.input_shape())), 0);
  for (int t = 0; t < steps; ++t) engine.step();
  return {engine.spike_counts(0).begin(), engine.spike_counts(0).end()};
}

Graph fixed(Graph graph) {
  quantize(graph, full_registry().schemas(), "net");
  return graph;
}

Graph of_reset(Reset reset) {
  Graph graph = testing::small_residual_snn();
  for (Node& node : graph.nodes) {
    if (node.op != "IF") continue;
    node.attributes["reset"] = std::string(to_string(reset));
    if (reset == Reset::zero) node.attributes["v_reset"] = 0.0;
  }
  return graph;
}

TEST(Lif, AtDecayOneEqualsIfSpikeForSpike) {
  for (const Reset reset : {Reset::subtract, Reset::zero, Reset::none}) {
    const Graph plain = of_reset(reset);
    const Graph leaky = testing::with_leaks(plain, [](LifParameters&, std::int64_t) {});
    for (const DeviceKind device : {DeviceKind::reference, DeviceKind::cpu}) {
      EXPECT_EQ(outcomes(leaky, device), outcomes(plain, device));
      EXPECT_EQ(outcomes(fixed(leaky), device), outcomes(fixed(plain), device));
    }
  }
}

TEST(Lif, SpikesAreWorthTheirHeight) {
  GraphBuilder b;
  LifParameters parameters;
  parameters.height = Tensor{{2}, {3.0F, 5.0F}};
  const std::string neuron = b.add(parameters.node("", b.input({2})));
  b.output(b.add({"", "Linear", {neuron}, {}, {{"weight", {{1, 2}, {1, 10}}}}}));
  Engine engine(b.graph, full_registry(), {DeviceKind::cpu, 1, 1, Coding::direct, 0, false});
  engine.load(0, std::vector<float>{1.0F, 1.0F}, 0);
  engine.step();
  EXPECT_EQ(engine.logits(0)[0], 53.0F);
}

TEST(Lif, StartsWhereItLeaksToAndSpikesAreWorthTheThreshold) {
  LifParameters parameters;
  parameters.v_threshold = scalar_tensor(2.0F);
  parameters.v_leak = scalar_tensor(-0.5F);
  const Node node = parameters.node("n", "in");
  EXPECT_EQ(node.tensors.at("height").reals(), std::vector<float>{2.0F});
  EXPECT_FALSE(node.tensors.contains("v_init"));
  EXPECT_EQ(LifParameters::of(node).start().reals(), std::vector<float>{-0.5F});
}

std::vector<std::string> faults_of(const LifParameters& parameters, const std::string& reset = "subtract") {
  GraphBuilder b;
  Node node = parameters.node("leaky", b.input({2}));
  node.attributes["reset"] = reset;
  b.output(b.add(node));
  std::vector<std::string> result;
  for (const Fault& fault : validate(b.graph, full_registry().schemas()).faults)
    result.push_back(fault.where + ": " + fault.what);
  return result;
}

TEST(Lif, NamesSettingsBeyondTheirRange) {
  LifParameters parameters;
  EXPECT_THAT(faults_of(parameters), ElementsAre());
  parameters.decay = {{2}, {0.5F, 1.5F}};
  parameters.v_threshold = scalar_tensor(0.0F);
  parameters.height = scalar_tensor(-1.0F);
  parameters.v_leak = {{3}, {0, 0, 0}};
  EXPECT_THAT(
      faults_of(parameters, "soft"),
      ElementsAre("leaky: tensor 'v_leak' has shape 3, expected 1 or 2",
                  "leaky: decay is 1.5, expected 0 to 1", "leaky: v_threshold is 0, expected more than 0",
                  "leaky: height is -1, expected more than 0",
                  "leaky: reset is 'soft', expected subtract, zero or none"));
}

TEST(Lif, IsQuantisedWithItsDecayAMultipleOfAPowerOfTwo) {
  GraphBuilder b;
  LifParameters parameters;
  parameters.decay = {{3}, {0.75F, 0.9F, 0.3F}};
  parameters.v_threshold = scalar_tensor(1.0F);
  parameters.v_leak = {{3}, {-0.5F, 0.25F, 0.0F}};
  parameters.height = scalar_tensor(3.0F);
  const std::string current =
      b.add({"", "Linear", {b.input({3})}, {}, {{"weight", {{3, 3}, {1, 0, 0, 0, 0.5F, 0, 0, 0, 0.25F}}}}});
  b.output(b.add(parameters.node("leaky", current)));
  const Graph graph = fixed(b.graph);
  const Node& node = *graph.find("leaky");
  const auto values = [&](const char* tensor) { return node.tensors.at(tensor).int32s(); };
  EXPECT_EQ(node.integer("decay_shift", 0), 24);
  // 0.75 * 2^24, 0.9 * 2^24 as float32 has 0.9, and the nearest to 0.3 * 2^24 = 5033164.97 (of float32's
  // 0.3).
  EXPECT_EQ(values("decay"), (std::vector<std::int32_t>{12582912, 15099494, 5033165}));
  EXPECT_EQ(values("height"), std::vector<std::int32_t>{1});
  const std::vector<std::int32_t> v_threshold = values("v_threshold");
  EXPECT_EQ(values("v_leak")[0], -v_threshold[0] / 2);
  EXPECT_EQ(values("v_leak")[1], std::round(v_threshold[1] / 4.0));
  EXPECT_EQ(LifParameters::of(node).start().int32s(), values("v_leak"));
  EXPECT_EQ(graph.find("output")->tensors.at("unit").reals(), std::vector<float>{3});
  EXPECT_THAT(validate(graph, full_registry().schemas()).faults, ElementsAre());
}

std::vector<std::string> unstored(const Graph& graph) {
  const Engine engine(graph, full_registry(), {DeviceKind::cpu, 1, 1, Coding::direct, 0, false});
  std::vector<std::string> names;
  for (std::size_t i = 0; i < engine.nodes().size(); ++i)
    if (!engine.is_stored(static_cast<int>(i))) names.push_back(engine.nodes()[i].name);
  return names;
}

// As IF is: the currents between them are stored nowhere.
TEST(Lif, IsFedByTheTilesOfASynapse) {
  const Graph plain = testing::small_residual_snn();
  const Graph leaky =
      testing::with_leaks(plain, [](LifParameters& p, std::int64_t) { p.decay = scalar_tensor(0.5F); });
  EXPECT_GE(unstored(fixed(leaky)).size(), 3U);
  EXPECT_EQ(unstored(fixed(leaky)), unstored(fixed(plain)));
}

TEST(Lif, IsSavedAndReadBack) {
  const Graph real =
      testing::with_leaks(testing::small_residual_snn(), [](LifParameters& p, std::int64_t channels) {
        GraphBuilder random(5);
        testing::leak_by_channel(random, p, channels);
        p.height = scalar_tensor(0.5F);
      });
  const Scratch scratch;
  for (const Graph& graph : {real, fixed(real)}) {
    const Model model{graph, to_string(arithmetic_of(graph)),        {}, {},
                      {},    {"0", "x", std::string(64, 'a'), "snn"}};
    write_model(model, scratch.file("leaky.h5"));
    EXPECT_EQ(read_model(scratch.file("leaky.h5"), full_registry().schemas()), model);
  }
}

TEST(Lif, RunsQuantisedOnEveryDeviceAlike) {
  for (const Reset reset : {Reset::subtract, Reset::zero, Reset::none}) {
    GraphBuilder random(5);
    const Graph real =
        testing::with_leaks(testing::small_residual_snn(), [&](LifParameters& p, std::int64_t channels) {
          testing::leak_by_channel(random, p, channels);
          p.height = scalar_tensor(0.5F);
          p.reset = reset;
        });
    const Graph integers = fixed(real);
    EXPECT_EQ(outcomes(integers, DeviceKind::reference), outcomes(integers, DeviceKind::cpu));
    // Integers are near the reals: the same neurons, so about as many spikes.
    const std::vector<std::uint64_t> expected = spike_counts(real, 40);
    const std::vector<std::uint64_t> found = spike_counts(integers, 40);
    ASSERT_EQ(found.size(), expected.size());
    for (std::size_t i = 0; i < found.size(); ++i) {
      const auto count = static_cast<double>(expected[i]);
      EXPECT_GT(count, 100);
      EXPECT_NEAR(static_cast<double>(found[i]), count, 0.05 * count) << i;
    }
  }
}

}  // namespace
}  // namespace rheobase
