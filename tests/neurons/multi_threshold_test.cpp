#include "neurons/multi_threshold.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <random>

#include "neurons/multi_threshold_step.h"
#include "sim/engine/engine.h"
#include "sim/graph/validate.h"
#include "tests/support/build_graph.h"

namespace rheobase {
namespace {

using testing::full_registry;
using testing::GraphBuilder;

constexpr std::int32_t unlimited = 1 << 30;

// Events of a neuron with threshold 1 and `levels` levels.
struct Neuron {
  int levels;
  float trigger_share;  // of the unit
  std::int32_t ceiling = unlimited;
  float v = 0.0F;
  std::int32_t net = 0;

  float unit() const { return 1.0F / static_cast<float>(1 << (levels - 1)); }
  std::int32_t step(float x) {
    return multi_threshold_step(v, net, x, levels, {unit(), trigger_share * unit(), ceiling});
  }
  float said() const { return static_cast<float>(net) * unit(); }
};

TEST(MultiThreshold, FiresTheNearestLevelAndKeepsTheRest) {
  Neuron neuron{4, 0.75F};
  EXPECT_EQ(neuron.step(0.75F), 8);  // 3/4 of the largest level: nearest to it, ties included
  EXPECT_EQ(neuron.v, -0.25F);
  EXPECT_EQ(neuron.step(0.0F), -2);
  EXPECT_EQ(neuron.v, 0.0F);
  EXPECT_EQ(neuron.step(0.09F), 0);  // below 3/4 of the smallest level, 1/8
  EXPECT_EQ(neuron.step(5.0F), 8);   // one event a step, no larger than the threshold
}

TEST(MultiThreshold, NeverTakesBackMoreThanItSaid) {
  Neuron neuron{4, 0.75F};
  EXPECT_EQ(neuron.step(-3.0F), 0);
  EXPECT_EQ(neuron.step(3.25F), 2);  // v = 0.25
  EXPECT_EQ(neuron.step(-2.0F), -2);
  EXPECT_EQ(neuron.step(0.0F), 0);
  EXPECT_EQ(neuron.net, 0);
}

TEST(MultiThreshold, StaysBelowItsCeiling) {
  Neuron neuron{4, 0.75F, 11};
  for (int t = 0; t < 6; ++t) neuron.step(t == 0 ? 9.0F : 0.0F);
  EXPECT_EQ(neuron.net, 11);  // 8, then 2 and 1
  neuron.v = 0.0F;
  EXPECT_EQ(neuron.step(-1.0F), -8);
}

TEST(SignedIf, TakesBackWhatItSaidTooMuch) {
  Neuron neuron{1, 0.5F};
  EXPECT_EQ(neuron.step(0.5F), 1);
  EXPECT_EQ(neuron.v, -0.5F);
  EXPECT_EQ(neuron.step(0.0F), -1);
  EXPECT_EQ(neuron.step(-4.0F), 0);
}

// A running value: the sum of the events comes within 3/4 of the smallest level of the sum of the currents,
// and then the neuron is silent, however the current arrived.
TEST(SigmaDelta, SaysTheActivationOfTheSumAndFallsSilent) {
  std::mt19937 random(5);
  std::uniform_real_distribution<float> uniform(-1.5F, 1.5F);
  for (int trial = 0; trial < 1000; ++trial) {
    Neuron neuron{6, 0.75F};
    double sum = 0.0;
    for (int t = 0; t < 5; ++t) {
      const float x = uniform(random);
      sum += x;
      neuron.step(x);
    }
    int last = 0;
    for (int t = 0; t < 20; ++t) last = neuron.step(0.0F);
    EXPECT_EQ(last, 0);
    EXPECT_NEAR(neuron.said(), std::max(0.0, sum), 0.75 / 32 + 1e-5);
  }
}

// A rate: what is left behind the nearest level is a quarter of the threshold at most.
TEST(MultiThreshold, SumApproachesTTimesTheActivation) {
  for (const float x : {-0.4F, 0.01F, 0.13F, 0.5F, 0.77F, 1.0F}) {
    Neuron neuron{4, 0.75F};
    for (int t = 1; t <= 64; ++t) {
      neuron.step(x);
      if (t < 4) continue;
      EXPECT_NEAR(neuron.said(), static_cast<float>(t) * std::max(0.0F, x), 0.26F) << x << " at " << t;
    }
  }
}

// The equation in 64-bit integers, from its words.
struct WideNeuron {
  std::int64_t unit, v = 0, net = 0;

  std::int64_t step(std::int64_t x, int levels, std::int64_t numerator, std::int64_t denominator,
                    std::int64_t ceiling) {
    v += x;
    std::int64_t event = 0;
    for (int k = 0; k < levels; ++k) {
      const std::int64_t size = std::int64_t{1} << k;
      const bool large = std::abs(v) * denominator >= numerator * size * unit;
      if (large && size <= (v < 0 ? net : ceiling - net)) event = v < 0 ? -size : size;
    }
    v -= event * unit;
    net += event;
    return event;
  }
};

TEST(MultiThreshold, IntegersStepAsTheEquationSays) {
  std::mt19937 random(7);
  std::uniform_int_distribution<std::int32_t> current(-5000, 5000);
  for (int levels = 1; levels <= most_levels; ++levels) {
    const std::int32_t unit = 12;
    const std::int32_t ceiling = levels % 2 == 0 ? unlimited : 40;
    std::int32_t v = 0, net = 0;
    WideNeuron wide{unit};
    for (int t = 0; t < 2000; ++t) {
      const std::int32_t x = current(random) / (t % 7 + 1);
      const std::int32_t event = multi_threshold_step<std::int32_t>(v, net, x, levels, {unit, 9, ceiling});
      ASSERT_EQ(event, wide.step(x, levels, 3, 4, ceiling));
      ASSERT_EQ(v, wide.v);
    }
  }
}

Node node_of(MultiThreshold kind, std::int64_t levels) {
  MultiThresholdParameters parameters;
  parameters.kind = kind;
  parameters.levels = levels;
  return parameters.node("neuron", "input");
}

Faults faults_of(const Node& node) {
  GraphBuilder b;
  b.input({4});
  b.add(node);
  b.output("neuron");
  try {
    validate_or_throw(b.graph, full_registry().schemas(), "graph");
  } catch (const InputError& error) {
    return {{node.name, error.what()}};
  }
  return {};
}

TEST(MultiThreshold, RefusesWhatIsNoNeuron) {
  EXPECT_TRUE(faults_of(node_of(MultiThreshold::mtif, 8)).empty());
  EXPECT_NE(faults_of(node_of(MultiThreshold::mtif, 9)).at(0).what.find("levels is 9, expected 1 to 8"),
            std::string::npos);
  Node flat = node_of(MultiThreshold::signed_if, 1);
  flat.tensors["v_threshold"] = scalar_tensor(0.0F);
  EXPECT_NE(faults_of(flat).at(0).what.find("v_threshold is 0, expected more than 0"), std::string::npos);
  Node capped = node_of(MultiThreshold::sigma_delta, 4);
  capped.tensors["cap"] = scalar_tensor(1.5F);
  EXPECT_NE(faults_of(capped).at(0).what.find("cap is 1.5, expected a whole number"), std::string::npos);
}

}  // namespace
}  // namespace rheobase
