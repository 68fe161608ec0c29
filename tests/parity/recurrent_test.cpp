// Networks that read the spikes of the step before: every device, number of threads, slots and asked-for
// steps at once says the same, and a sample knows nothing of the one before it in its slot.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "converters/passes.h"
#include "neurons/burst_lif.h"
#include "neurons/lif.h"
#include "sim/engine/engine.h"
#include "sim/graph/validate.h"
#include "tests/support/build_graph.h"
#include "tests/support/outcome.h"
#include "tests/support/simd_targets.h"

namespace rheobase {
namespace {

using testing::full_registry;
using testing::GraphBuilder;
using ::testing::HasSubstr;
using testing::Outcome;
using testing::outcome_of;

constexpr int samples = 5, steps = 12, classes = 4;
constexpr std::int64_t neurons = 70;

std::string delay(GraphBuilder& b, const std::string& of, Shape shape) {
  return b.add({of + "_before", delay_op, {of}, {{"shape", std::move(shape)}}, {}});
}

// Two recurrent layers, the second of bursts, and a longer way back from the second to the first.
Graph network(std::int64_t max_spikes = 0) {
  GraphBuilder b(7);
  b.input({6});
  const std::string own = b.linear(delay(b, "first", {neurons}), neurons, neurons);
  const std::string back = b.linear(delay(b, "second", {9}), 9, neurons);
  LifParameters lif;
  lif.decay = scalar_tensor(0.9F);
  lif.reset = Reset::zero;
  lif.height = scalar_tensor(1.0F);
  b.add(lif.node("first", b.op("Add", {b.linear("input", 6, neurons), own, back})));
  BurstLifParameters burst;
  burst.v_threshold = scalar_tensor(0.5F);
  burst.max_spikes = max_spikes;
  b.add(burst.node("second", b.op("Add", {b.linear("first", neurons, 9), b.linear("second_before", 9, 9)})));
  b.output(b.linear("second", 9, classes));
  return std::move(b.graph);
}

Outcome run(const EngineOptions& options, const Graph& graph = network()) {
  GraphBuilder random(3);
  std::vector<std::vector<float>> images;
  for (int i = 0; i < samples; ++i) images.push_back(random.pixels(6));
  return outcome_of(graph, full_registry(), options, samples, steps, [&](int i) {
    return SampleView{images[i], {}};
  });
}

TEST(Recurrent, SaysTheSameWithAnyDeviceThreadsAndSlots) {
  EngineOptions options;
  options.device = DeviceKind::reference;
  const Outcome expected = run(options);
  EXPECT_GT(expected.events, 500U);
  options.device = DeviceKind::cpu;
  for (options.threads = 1; options.threads <= 3; options.threads += 2) {
    for (options.slots = 1; options.slots <= 3; options.slots += 2) {
      for (const KernelChoice kernels : {KernelChoice::event, KernelChoice::dense}) {
        options.lookahead = 4;  // of which a recurrent network takes none
        options.kernels = kernels;
        EXPECT_EQ(run(options), expected) << options.threads << " threads, " << options.slots << " slots";
      }
    }
  }
}

TEST(Recurrent, SaysTheSameInIntegersWithAnyDeviceThreadsAndSlots) {
  const Graph real = network(3);
  Graph graph = real;
  quantize(graph, full_registry().schemas(), "net");
  EngineOptions options;
  options.device = DeviceKind::reference;
  const Outcome expected = run(options, graph);
  // The same neurons: about as many spikes as in reals.
  const auto spikes = static_cast<double>(run(options, real).events);
  EXPECT_GT(spikes, 500);
  EXPECT_NEAR(static_cast<double>(expected.events), spikes, 0.1 * spikes);
  options.device = DeviceKind::cpu;
  for (const std::int64_t target : testing::simd_targets()) {
    const testing::ForcedTarget forced(target);
    for (options.threads = 1; options.threads <= 3; options.threads += 2) {
      for (options.slots = 1; options.slots <= 3; options.slots += 2) {
        for (const KernelChoice kernels : {KernelChoice::event, KernelChoice::dense}) {
          options.kernels = kernels;
          EXPECT_EQ(run(options, graph), expected)
              << options.threads << " threads, " << options.slots << " slots";
        }
      }
    }
  }
}

TEST(Recurrent, ComputesItsStepsOneByOne) {
  EngineOptions options;
  options.lookahead = 4;
  EXPECT_EQ(Engine(network(), full_registry(), options).lookahead(), 1);
}

TEST(Recurrent, WhatIsDelayedIsWhatANeuronEmitsInItsShape) {
  const auto refusal = [](GraphBuilder& b) -> std::string {
    try {
      validate_or_throw(b.graph, full_registry().schemas(), "net");
    } catch (const InputError& error) {
      return error.what();
    }
    return "is sound";
  };
  GraphBuilder shape;
  shape.input({3});
  const std::string back = shape.linear(delay(shape, "lif", {4}), 4, 3);
  shape.add(LifParameters{}.node("lif", shape.op("Add", {"input", back})));
  shape.output("lif");
  EXPECT_THAT(refusal(shape), HasSubstr("lif_before: has the shape 4, and 'lif', which it reads, 3"));
  GraphBuilder sum;
  sum.input({3});
  sum.add({"sum", "Add", {"input", delay(sum, "sum", {3})}, {}, {}});
  sum.output("sum");
  EXPECT_THAT(refusal(sum),
              HasSubstr("sum_before: reads 'sum', and only the spikes of neurons can be delayed"));
  GraphBuilder cycle;
  cycle.input({3});
  cycle.add({"a", "Add", {"input", "b"}, {}, {}});
  cycle.add({"b", "Add", {"input", "a"}, {}, {}});
  cycle.output("a");
  EXPECT_THAT(refusal(cycle), HasSubstr("part of a cycle"));
}

}  // namespace
}  // namespace rheobase
