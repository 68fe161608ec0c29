// Events in, neurons that fire several times a step: every device, instruction set, path, number of threads,
// slots and steps at once says the same.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <utility>

#include "converters/passes.h"
#include "neurons/burst_lif.h"
#include "sim/engine/engine.h"
#include "tests/support/build_graph.h"
#include "tests/support/outcome.h"
#include "tests/support/simd_targets.h"

namespace rheobase {
namespace {

using testing::full_registry;
using testing::GraphBuilder;
using testing::Outcome;
using testing::outcome_of;

constexpr std::int64_t height = 11, width = 9;
constexpr int samples = 3, steps = 9, classes = 5;

std::string burst(GraphBuilder& b, const std::string& from, bool bounded) {
  BurstLifParameters parameters;
  parameters.decay = scalar_tensor(bounded ? 1.0F : 0.9F);
  parameters.v_threshold = scalar_tensor(0.4F);
  parameters.height = scalar_tensor(1.0F);
  if (bounded) parameters.v_min = scalar_tensor(-0.4F);
  return b.add(parameters.node("", from));
}

// As the networks of event cameras are: strides, sums over windows, bits of a kernel row that leave the
// image.
Graph network(std::int64_t channels) {
  GraphBuilder b(5);
  b.input({2, height, width});
  const std::string first = burst(
      b,
      b.conv2d("input", {.outputs = channels, .inputs = 2, .kernel_h = 5, .kernel_w = 3, .stride = {2, 1}}),
      true);
  const std::string pooled =
      b.avg_pool(burst(b, b.conv2d(first, {.outputs = channels, .inputs = channels}), false), 2);
  const std::string sum = b.add(
      {"sum", "Affine", {pooled}, {}, {{"scale", scalar_tensor(4.0F)}, {"shift", scalar_tensor(0.0F)}}});
  const std::string dilated =
      burst(b, b.conv2d(sum, {.outputs = 7, .inputs = channels, .padding = {2, 2, 2, 2}, .dilation = {2, 2}}),
            true);
  const Shape last{7, 2, 4};
  b.output(burst(b, b.linear(b.op("Flatten", {dilated}), element_count(last), classes), true));
  return std::move(b.graph);
}

// The second sample is over after five steps; all have steps without an event.
std::vector<std::vector<InputEvent>> recordings() {
  std::mt19937 random(3);
  std::vector<std::vector<InputEvent>> all(samples);
  for (std::vector<InputEvent>& events : all) {
    for (const int step : {1, 2, 4, 5, 8}) {
      for (int i = 0; i < 40; ++i)
        events.push_back({step, static_cast<std::int32_t>(random() % (2 * height * width))});
    }
  }
  return all;
}

Outcome run(const Graph& graph, EngineOptions options) {
  options.coding = Coding::events;
  const auto events = recordings();
  return outcome_of(graph, full_registry(), options, samples, steps, [&](int i) {
    return SampleView{{}, events[i], i == 1 ? 5 : 0};
  });
}

TEST(Bursts, SayTheSameWithAnyThreadsSlotsAndStepsAtOnce) {
  const Graph graph = network(37);
  EngineOptions options;
  options.device = DeviceKind::reference;
  const Outcome expected = run(graph, options);
  EXPECT_GT(expected.events, 1000U);
  EXPECT_EQ(expected.steps, (std::vector<int>{steps, 5, steps}));
  options.device = DeviceKind::cpu;
  for (options.threads = 1; options.threads <= 3; options.threads += 2) {
    for (options.slots = 1; options.slots <= 3; options.slots += 2) {
      for (options.lookahead = 1; options.lookahead <= 4; options.lookahead += 3) {
        for (const bool fuse : {true, false}) {
          options.fuse = fuse;
          EXPECT_EQ(run(graph, options), expected) << options.threads << " threads, " << options.slots
                                                   << " slots, " << options.lookahead << " at once, " << fuse;
        }
      }
    }
  }
}

TEST(Bursts, SayTheSameOnEveryInstructionSetAndPath) {
  for (const std::int64_t channels : {3, 16, 37, 64}) {
    const Graph graph = network(channels);
    EngineOptions options;
    options.device = DeviceKind::reference;
    const Outcome expected = run(graph, options);
    options.device = DeviceKind::cpu;
    for (const std::int64_t target : testing::simd_targets()) {
      const testing::ForcedTarget forced(target);
      for (const KernelChoice kernels : {KernelChoice::event, KernelChoice::dense}) {
        for (const bool fuse : {true, false}) {
          options.kernels = kernels;
          options.fuse = fuse;
          EXPECT_EQ(run(graph, options), expected)
              << hwy::TargetName(target) << ", " << channels << " channels, " << fuse
              << (kernels == KernelChoice::event ? ", event" : ", dense");
        }
      }
    }
  }
}

TEST(Bursts, NeuronsFireSeveralTimesAStep) {
  EngineOptions options;
  options.coding = Coding::events;
  Engine engine(network(16), full_registry(), options);
  class Largest : public SignalTap {
   public:
    void begin(std::span<const int> /*lanes*/) override {}
    void on_signal(int /*node*/, const SignalSpec& spec, const SignalView& view, int lane) override {
      if (spec.type != SignalType::real32 || !spec.sparse) return;
      for (std::int64_t i = 0; i < spec.shape.size(); ++i) largest = std::max(largest, view.real(lane)[i]);
    }
    void taken(int /*lane*/) override {}
    float largest = 0.0F;
  } tap;
  engine.set_tap(&tap);
  const auto events = recordings();
  engine.load(0, {{}, events[0], 0}, 0);
  for (int t = 0; t < steps; ++t) engine.step();
  EXPECT_GT(tap.largest, 2.0F);
}

// In integers, of which a pixel has one event a step at most.
Outcome run_fixed(const Graph& graph, EngineOptions options) {
  options.coding = Coding::events;
  std::vector<std::vector<InputEvent>> events = recordings();
  for (auto& recording : events) {
    const auto order = [](const InputEvent& e) { return std::pair(e.step, e.place); };
    std::sort(recording.begin(), recording.end(), [&](auto& a, auto& b) { return order(a) < order(b); });
    recording.erase(std::unique(recording.begin(), recording.end(),
                                [&](auto& a, auto& b) { return order(a) == order(b); }),
                    recording.end());
  }
  return outcome_of(graph, full_registry(), options, samples, steps, [&](int i) {
    return SampleView{{}, events[i], i == 1 ? 5 : 0};
  });
}

TEST(Bursts, SayTheSameInIntegersWhateverRunsThem) {
  Graph graph = network(37);
  quantize(graph, full_registry().schemas(), "net");
  EngineOptions options;
  options.device = DeviceKind::reference;
  const Outcome expected = run_fixed(graph, options);
  EXPECT_GT(expected.events, 1000U);
  options.device = DeviceKind::cpu;
  for (const std::int64_t target : testing::simd_targets()) {
    const testing::ForcedTarget forced(target);
    for (const KernelChoice kernels : {KernelChoice::event, KernelChoice::dense}) {
      options.kernels = kernels;
      for (options.threads = 1; options.threads <= 3; options.threads += 2) {
        for (options.slots = 1; options.slots <= 3; options.slots += 2) {
          for (options.lookahead = 1; options.lookahead <= 4; options.lookahead += 3) {
            EXPECT_EQ(run_fixed(graph, options), expected)
                << hwy::TargetName(target) << ", " << options.threads << " threads, " << options.slots
                << " slots, " << options.lookahead << " at once";
          }
        }
      }
    }
  }
}

TEST(Bursts, IntegersRefuseMoreEventsOfAPlaceThanTheyHold) {
  Graph graph = network(3);
  quantize(graph, full_registry().schemas(), "net");
  EngineOptions options;
  options.coding = Coding::events;
  Engine engine(graph, full_registry(), options);
  const std::vector<InputEvent> twice{{1, 5}, {2, 3}, {2, 3}};
  engine.load(0, {{}, twice, 0}, 9);
  engine.step();
  try {
    engine.step();
    FAIL() << "2 is more than 32767 / 2^14";
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("9: has 2 events of one place in step 2, more than"));
  }
}

// What is sparse takes the event-driven path, and where nothing is, nothing is added.
TEST(Bursts, SparseInputsTakeTheEventDrivenPath) {
  EngineOptions options;
  options.coding = Coding::events;
  const Graph graph = network(16);
  Engine engine(graph, full_registry(), options);
  const std::vector<InputEvent> one{{1, 3}};
  engine.load(0, {{}, one, 0}, 0);
  for (int t = 0; t < steps; ++t) engine.step();
  const auto uses = engine.synapses();
  ASSERT_FALSE(uses.empty());
  EXPECT_NEAR(uses[0].density, 1.0 / (2 * height * width * steps), 1e-9);
  EXPECT_EQ(uses[0].dense_share, 0.0);
}

}  // namespace
}  // namespace rheobase
