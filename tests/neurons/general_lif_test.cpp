#include "neurons/general_lif.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "neurons/general_lif_step.h"
#include "sim/graph/validate.h"
#include "tests/support/build_graph.h"

namespace rheobase {
namespace {

using ::testing::ElementsAre;
using testing::full_registry;
using testing::GraphBuilder;

constexpr float unbounded = std::numeric_limits<float>::lowest();

// By snnTorch's equation: mem <- beta mem + x - [mem > threshold] threshold.
TEST(GeneralLif, TakesWhatASpikeCostsAStepLaterAndBehindTheDecay) {
  const GeneralLifNeuron<float> neuron{0.5F, 0.0F, 1.0F, 1.0F, 0.0F, unbounded};
  const GeneralLifRule rule{Reset::subtract, true};
  float v = 0.0F;
  EXPECT_TRUE(general_lif_step(v, 1.5F, neuron, rule));
  EXPECT_EQ(v, 1.5F);
  EXPECT_FALSE(general_lif_step(v, 0.75F, neuron, rule));
  EXPECT_EQ(v, 0.5F);  // 1.5 / 2 + 0.75 - 1, where LIF has (1.5 - 1) / 2 + 0.75
  EXPECT_TRUE(general_lif_step(v, 3.0F, neuron, rule));
  EXPECT_TRUE(general_lif_step(v, 1.0F, neuron, rule));
  EXPECT_EQ(v, 1.625F);  // it is above the threshold in spite of what it owed
}

TEST(GeneralLif, TakesAnotherAmountThanTheThreshold) {
  const GeneralLifNeuron<float> neuron{1.0F, 0.0F, 1.25F, 1.0F, 0.0F, unbounded};
  float v = 0.0F;
  EXPECT_FALSE(general_lif_step(v, 1.0F, neuron, {}));
  EXPECT_TRUE(general_lif_step(v, 0.25F, neuron, {}));
  EXPECT_EQ(v, 0.25F);
}

TEST(GeneralLif, StaysAboveItsLowerBound) {
  const GeneralLifNeuron<float> neuron{0.5F, 0.0F, 1.0F, 1.0F, -0.25F, 0.0F};
  const GeneralLifRule rule{Reset::zero, false};
  float v = 0.5F;
  EXPECT_FALSE(general_lif_step(v, -3.0F, neuron, rule));
  EXPECT_EQ(v, 0.0F);
  EXPECT_TRUE(general_lif_step(v, 2.0F, neuron, rule));
  EXPECT_EQ(v, 0.0F);  // v_reset is below the bound
}

TEST(GeneralLif, IsLifWhereNothingIsOtherwise) {
  GraphBuilder random(3);
  for (const Reset reset : {Reset::subtract, Reset::zero, Reset::none}) {
    float v = 0.1F, w = v;
    const GeneralLifNeuron<float> general{0.875F, 0.25F, 0.7F, 0.7F, -0.1F, unbounded};
    const LifNeuron<float> plain{0.875F, 0.25F, 0.7F, -0.1F};
    for (const float x : random.pixels(200)) {
      ASSERT_EQ(general_lif_step(v, x - 0.4F, general, {reset, false}), lif_step(w, x - 0.4F, plain, reset));
      ASSERT_EQ(v, w);
    }
  }
}

TEST(GeneralLif, ComputesInIntegersAsInReals) {
  const GeneralLifNeuron<std::int32_t> neuron{1 << (lif_decay_bits - 1), 0, 100, 90, 0, -50};
  const GeneralLifRule rule{Reset::subtract, true};
  std::int32_t v = 0;
  EXPECT_TRUE(general_lif_step(v, 150, neuron, rule));
  EXPECT_FALSE(general_lif_step(v, 65, neuron, rule));
  EXPECT_EQ(v, 50);  // 75 + 65 - 90
  EXPECT_FALSE(general_lif_step(v, -200, neuron, rule));
  EXPECT_EQ(v, -50);
}

// The proof in general_lif_kernels.cpp, against the equation in 64 bits: the worst current that there is, at
// every step either way, leaves the potential within int32 for as many steps as the plan says.
TEST(GeneralLif, TheStepsThatItMayRunStayWithinInt32) {
  static const Registry registry = full_registry();
  const auto integer = [](std::int32_t value) { return Tensor({1}, std::vector<std::int32_t>{value}); };
  for (const bool delayed : {false, true}) {
    for (const std::int32_t decay : {0, 1 << 23, (1 << 24) - 3, 1 << 24}) {
      GeneralLifParameters p;
      p.decay = integer(decay);
      p.v_threshold = integer(1000);
      p.v_drop = integer(1 << 20);
      p.v_leak = integer(-(1 << 22));
      p.v_reset = integer(0);
      p.v_init = integer(1 << 20);
      p.height = integer(1);
      p.reset_delay = delayed;
      Node node = p.node("neuron", "current");
      node.attributes["decay_shift"] = std::int64_t{lif_decay_bits};
      constexpr std::int32_t current = 1 << 26;
      SignalSpec spec{SignalType::int32, {1, 1, 1}, {1.0F}, false};
      spec.low = -current;
      spec.high = current;
      const std::int64_t most = (*registry.plan(node.op, Arithmetic::fixed))({node, {spec}, {1}}).max_steps;
      EXPECT_GE(most, 20);
      for (const int sign : {-1, 1}) {
        std::int64_t v = 1 << 20;
        for (std::int64_t t = 0; t < std::min<std::int64_t>(most, 2000); ++t) {
          const std::int64_t owed = delayed && v >= 1000 ? 1 << 20 : 0, leak = -(1 << 22);
          v = leak + (((v - leak) * decay + (1 << 23)) >> 24) + sign * current;
          ASSERT_LE(std::abs(v), 2147483647);
          v -= owed;
          if (!delayed && v >= 1000) v -= 1 << 20;
          ASSERT_LE(std::abs(v), 2147483647);
        }
      }
    }
  }
}

TEST(GeneralLif, NamesSettingsBeyondTheirRange) {
  GeneralLifParameters parameters;
  parameters.v_min = scalar_tensor(0.5F);
  parameters.v_drop = scalar_tensor(-1.0F);
  parameters.reset = Reset::zero;
  parameters.reset_delay = true;
  GraphBuilder b;
  b.output(b.add(parameters.node("g", b.input({2}))));
  std::vector<std::string> faults;
  for (const Fault& fault : validate(b.graph, full_registry().schemas()).faults) faults.push_back(fault.what);
  EXPECT_THAT(faults, ElementsAre(::testing::HasSubstr("v_drop is -1, expected 0 to"),
                                  ::testing::HasSubstr("v_min is 0.5, expected"),
                                  "has reset_delay 1, and only reset subtract can be delayed"));
}

}  // namespace
}  // namespace rheobase
