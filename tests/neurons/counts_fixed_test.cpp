// Neurons that fire several times a step and leaky integrators, in integers: steps worked out by hand, and
// what bounds them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "converters/passes.h"
#include "neurons/burst_lif.h"
#include "neurons/burst_lif_step.h"
#include "neurons/li.h"
#include "neurons/li_kernels.h"
#include "sim/engine/engine.h"
#include "sim/graph/validate.h"
#include "tests/support/build_graph.h"

namespace rheobase {
namespace {

using testing::full_registry;
using testing::GraphBuilder;
using ::testing::HasSubstr;

using Limits = std::numeric_limits<std::int32_t>;
constexpr std::int32_t one = 1 << lif_decay_bits;

Tensor integer(std::int32_t value) { return {{1}, std::vector<std::int32_t>{value}}; }

TEST(BurstLifFixed, FiresAsOftenAsThresholdsFit) {
  const BurstLifNeuron<std::int32_t> neuron{one, 10, -10, Limits::max()};
  std::int32_t v = 5;
  EXPECT_EQ(burst_lif_step(v, 32, neuron), 3);
  EXPECT_EQ(v, 7);
  EXPECT_EQ(burst_lif_step(v, 3, neuron), 1);  // at the threshold
  EXPECT_EQ(v, 0);
  EXPECT_EQ(burst_lif_step(v, -25, neuron), 0);
  EXPECT_EQ(v, -10);
}

TEST(BurstLifFixed, KeepsWhatItMayNotFireAndLeaks) {
  const BurstLifNeuron<std::int32_t> neuron{one / 2, 10, Limits::min(), 2};
  std::int32_t v = 0;
  EXPECT_EQ(burst_lif_step(v, 55, neuron), 2);
  EXPECT_EQ(v, 35);
  EXPECT_EQ(burst_lif_step(v, 0, neuron), 1);  // 17.5, to the nearest, halves up
  EXPECT_EQ(v, 8);
}

NodePlan plan(const Node& node, std::int64_t low, std::int64_t high) {
  static const Registry registry = full_registry();
  SignalSpec spec{SignalType::int32, {1, 1, 1}, {1.0F}, false};
  spec.low = low;
  spec.high = high;
  return (*registry.plan(node.op, Arithmetic::fixed))({node, {spec}, {1}});
}

Node burst(std::int32_t threshold, std::int32_t v_init, std::int64_t max_spikes, bool bounded = true) {
  BurstLifParameters p;
  p.decay = integer(one);
  p.v_threshold = integer(threshold);
  p.v_init = integer(v_init);
  p.height = integer(1);
  if (bounded) p.v_min = integer(-threshold);
  p.max_spikes = max_spikes;
  Node node = p.node("burst", "current");
  node.attributes["decay_shift"] = std::int64_t{lif_decay_bits};
  return node;
}

// At most threshold - 1 is left of a step, or v_init before the first.
TEST(BurstLifFixed, FiresAtMostAsItsCurrentLetsIt) {
  EXPECT_EQ(plan(burst(10, 0, 0), -50, 41).output.high, 5);
  EXPECT_EQ(plan(burst(10, 0, 0), -50, 40).output.high, 4);
  EXPECT_EQ(plan(burst(10, 20, 0), -50, 41).output.high, 6);
  EXPECT_EQ(plan(burst(10, 0, 3), -50, 41).output.high, 3);
  EXPECT_EQ(plan(burst(10, 0, 7), -50, 41).output.high, 5);
  EXPECT_EQ(plan(burst(10, 0, 0), -50, 41).output.low, 0);
  try {
    plan(burst(2, 0, 0), 0, 1 << 20);
    FAIL() << "more than 16 bits hold";
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), HasSubstr("burst: may fire 524288 times a step, beyond the 32767"));
  }
}

TEST(BurstLifFixed, RunsForEverWhereBothEndsAreBounded) {
  EXPECT_EQ(plan(burst(10, 0, 0), -50, 50).max_steps, unlimited_steps);
  EXPECT_EQ(plan(burst(10, 0, 0, false), -50, 50).max_steps, (Limits::max() - 10) / 50);  // below without end
  EXPECT_EQ(plan(burst(10, 0, 2), -50, 50).max_steps, (Limits::max() - 10) / 50);  // above: it keeps more
}

Node leaky(std::int32_t decay, std::int32_t v_leak, std::int32_t v_init) {
  LiParameters p;
  p.decay = integer(decay);
  p.v_leak = integer(v_leak);
  p.v_init = integer(v_init);
  Node node = p.node("li", "current");
  node.attributes["decay_shift"] = std::int64_t{lif_decay_bits};
  return node;
}

TEST(LiFixed, EmitsItsPotential) {
  std::int32_t v = 0;
  EXPECT_EQ(li_step(v, 101, one / 2, 20), 111);  // u = -20, of which -10 is left
  EXPECT_EQ(li_step(v, 0, one / 2, 20), 66);     // 20 + 45.5, halves up
}

// (100 + 1/2) / (1 - 1/2) = 201, by its definition: v = 100 + v / 2 ends at 200 or 201.
TEST(LiFixed, IsBoundedByTheEndOfItsSeries) {
  const NodePlan half = plan(leaky(one / 2, 0, 0), -100, 70);
  EXPECT_EQ(half.output.high, 201);
  EXPECT_EQ(half.output.low, -201);
  EXPECT_EQ(half.max_steps, unlimited_steps);
  std::int32_t v = 0;
  for (int t = 0; t < 100; ++t) EXPECT_LE(li_step(v, 100, one / 2, 0), half.output.high);
  EXPECT_EQ(plan(leaky(one / 2, -5, 1000), -100, 70).output.high, 1010);
  EXPECT_THROW(plan(leaky(one, 0, 0), -100, 100), InputError);
  EXPECT_THROW(plan(leaky(one - 1, 0, 0), -(1 << 20), 1 << 20), InputError);  // beyond int32
}

Graph quantised(Graph graph) {
  quantize(graph, full_registry().schemas(), "net");
  return graph;
}

std::string refusal(Graph graph) {
  try {
    quantize(graph, full_registry().schemas(), "net");
  } catch (const InputError& error) {
    return error.what();
  }
  return "was quantised";
}

// What the passes take as bounds is what the engine proves, or it would refuse the graph.
TEST(CountsFixed, NetworksOfBurstsAndFilteredCurrentsHaveIntegers) {
  GraphBuilder b(4);
  BurstLifParameters burst;
  burst.v_threshold = scalar_tensor(0.4F);
  burst.height = scalar_tensor(1.0F);
  burst.v_min = scalar_tensor(-0.4F);
  LiParameters filter;
  filter.decay = scalar_tensor(0.75F);
  const std::string first =
      b.add(burst.node("first", b.conv2d(b.input({2, 6, 6}), {.outputs = 5, .inputs = 2})));
  const std::string pooled = b.avg_pool(first, 2);
  const std::string current = b.add(filter.node("filter", b.conv2d(pooled, {.outputs = 4, .inputs = 5})));
  const std::string second = b.if_neuron(current, 0.9F);
  b.output(b.add(filter.node("readout", b.linear(b.op("Flatten", {second}), 36, 3))));
  const Graph graph = quantised(std::move(b.graph));
  EXPECT_EQ(graph.find("filter")->integer("decay_shift", 0), lif_decay_bits);
  const Engine engine(graph, full_registry(), {DeviceKind::cpu, 1, 1, Coding::direct, 0, false});
  EXPECT_GT(engine.max_steps(), 1000);
}

// Else what is proved of counts would multiply from layer to layer, and around a cycle without end.
TEST(CountsFixed, NeuronsWithoutABoundGetOne) {
  for (const std::int64_t own : {0, 4}) {
    GraphBuilder b;
    b.input({3});
    b.add({"before", delay_op, {"burst"}, {{"shape", Shape{2}}}, {}});
    BurstLifParameters p;
    p.max_spikes = own;
    b.add(p.node("burst", b.op("Add", {b.linear("input", 3, 2), b.linear("before", 2, 2)})));
    b.output("burst");
    const Graph graph = quantised(std::move(b.graph));
    EXPECT_EQ(graph.find("burst")->integer("max_spikes", 0), own == 0 ? most_fixed_spikes : own);
    const Engine engine(graph, full_registry(), {DeviceKind::cpu, 1, 1, Coding::direct, 0, false});
    EXPECT_GT(engine.max_steps(), 100);
  }
}

TEST(CountsFixed, WhatHasNoBoundIsRefusedByName) {
  GraphBuilder integrator;
  integrator.output(integrator.add(LiParameters{}.node("i", integrator.linear(integrator.input({3}), 3, 2))));
  EXPECT_THAT(
      refusal(std::move(integrator.graph)),
      HasSubstr(
          "i: loses nothing of its potential in a step (decay 1), so that nothing bounds what it emits"));
}

}  // namespace
}  // namespace rheobase
