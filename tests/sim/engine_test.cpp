// The invariants of docs/design: what a sample computes depends on the sample alone.
#include "sim/engine/engine.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <map>
#include <numeric>

#include "sim/core/error.h"
#include "sim/engine/runner.h"
#include "sim/engine/sample_shape.h"
#include "tests/support/build_graph.h"
#include "tests/support/fixed_graph.h"
#include "tests/support/random_runs.h"

namespace rheobase {
namespace {

using ::testing::ElementsAre;
using testing::full_registry;
using testing::GraphBuilder;
using ::testing::HasSubstr;
using testing::options;
using testing::Outcomes;
using testing::RandomImages;
using testing::run;
using testing::small_residual_snn;

TEST(Engine, HoldsAsManySlotsAsFitIntoTheMemoryAllowed) {
  const Graph graph = testing::small_residual_snn();
  EngineOptions options;
  options.slots = 16;
  const std::size_t each = Engine(graph, full_registry(), options).bytes_per_slot();
  for (const auto& [memory, slots] :
       {std::pair<std::size_t, int>{0, 16}, {100 * each, 16}, {3 * each, 3}, {1, 1}}) {
    options.slot_memory = memory;
    EXPECT_EQ(Engine(graph, full_registry(), options).slots(), slots) << memory;
  }
}

TEST(Engine, ResultsDoNotDependOnSlotsOrThreads) {
  const Graph graph = small_residual_snn();
  for (const Coding coding : {Coding::direct, Coding::poisson}) {
    const Outcomes one = run(graph, options(1, 1, DeviceKind::cpu, coding));
    EXPECT_GT(one.at(0).spike_counts[0], 0U);
    for (const int slots : {2, 5, 12, 64}) {
      for (const int threads : {1, 2, 3}) {
        EXPECT_EQ(run(graph, options(slots, threads, DeviceKind::cpu, coding)), one) << slots << " slots";
      }
    }
  }
}

TEST(Engine, ReferenceAndCpuAgreeBitForBit) {
  for (const std::uint32_t seed : {1U, 2U, 3U}) {
    const Graph graph = small_residual_snn(seed);
    EXPECT_EQ(run(graph, options(3, 1, DeviceKind::reference)), run(graph, options(3, 2)));
  }
}

TEST(Engine, ResultsDoNotDependOnOrderOrNeighbours) {
  const Graph graph = small_residual_snn();
  const Outcomes all = run(graph, options(4, 2));
  for (std::int64_t sample = 0; sample < 12; ++sample) {
    EXPECT_EQ(run(graph, options(2, 1), {}, {6, sample, 1}).at(sample), all.at(sample));
  }
}

TEST(Engine, APolicyThatNeverStopsChangesNothing) {
  const Graph graph = small_residual_snn();
  const Outcomes never = run(graph, options(4, 2));
  EXPECT_EQ(run(graph, options(4, 2), {"confidence", 1.0, 1.0}), never);
  EXPECT_EQ(run(graph, options(4, 2), {"margin", 1.0, 1e30}), never);
}

TEST(Engine, AStoppedRunIsAPrefixOfTheFullOne) {
  const Graph graph = small_residual_snn();
  const Outcomes full = run(graph, options(4, 2));
  const Outcomes stopped = run(graph, options(4, 2), {"confidence", 0.5, 0.92});
  int early = 0;
  for (const auto& [sample, outcome] : stopped) {
    const std::vector<float>& whole = full.at(sample).logits_by_step;
    early += outcome.steps < 6 ? 1 : 0;
    EXPECT_TRUE(std::equal(outcome.logits_by_step.begin(), outcome.logits_by_step.end(), whole.begin()));
    EXPECT_EQ(outcome.logits_by_step.size(), static_cast<std::size_t>(outcome.steps) * 5);
  }
  EXPECT_GT(early, 0);
  EXPECT_LT(early, 12);
}

TEST(Engine, ARefilledSlotStartsAfresh) {
  const Graph graph = small_residual_snn();
  Engine engine(graph, full_registry(), options(1, 1));
  GraphBuilder random(5);
  const std::vector<float> image = random.pixels(3 * 9 * 9);
  engine.load(0, image, 4);
  for (int t = 0; t < 3; ++t) engine.step();
  const std::vector<float> first(engine.logits(0).begin(), engine.logits(0).end());
  const std::uint64_t hash = engine.spike_hash(0);
  engine.load(0, random.pixels(3 * 9 * 9), 5);
  engine.step();
  engine.release(0);
  engine.load(0, image, 4);
  for (int t = 0; t < 3; ++t) engine.step();
  EXPECT_EQ(engine.time(0), 3);
  EXPECT_EQ(engine.spike_hash(0), hash);
  EXPECT_TRUE(std::equal(first.begin(), first.end(), engine.logits(0).begin()));
}

TEST(Engine, SlotsAtDifferentTimesStepTogether) {
  const Graph graph = small_residual_snn();
  GraphBuilder random(5);
  const std::vector<float> a = random.pixels(3 * 9 * 9);
  const std::vector<float> b = random.pixels(3 * 9 * 9);
  Engine together(graph, full_registry(), options(2, 1));
  together.load(0, a, 0);
  together.step();
  together.step();
  together.load(1, b, 1);
  together.step();
  Engine alone(graph, full_registry(), options(1, 1));
  alone.load(0, b, 1);
  alone.step();
  EXPECT_EQ(together.time(0), 3);
  EXPECT_EQ(together.time(1), 1);
  EXPECT_EQ(together.spike_hash(1), alone.spike_hash(0));
}

TEST(Engine, AnAnnGivesTheSameLogitsAtEveryStep) {
  GraphBuilder b;
  const std::string hidden =
      b.add(QcfsParameters{scalar_tensor(1.5F), 4}.node("q", b.linear(b.input({6}), 6, 7)));
  b.output(b.linear(hidden, 7, 3));
  const Outcomes outcomes = run(b.graph, options(2, 1), {}, {2, 0, 2});
  const std::vector<float>& logits = outcomes.at(0).logits_by_step;
  for (int k = 0; k < 3; ++k) EXPECT_EQ(logits[3 + k], 2 * logits[k]);
}

TEST(Engine, CountsAndHashesAreThoseOfTheSpikesThatAProbeSees) {
  class Counter : public SignalTap {
   public:
    void begin(std::span<const int> /*lanes*/) override {}
    void on_signal(int node, const SignalSpec& spec, const SignalView& view, int lane) override {
      if (spec.type != SignalType::spikes) return;
      for (std::int64_t w = 0; w < spec.shape.pixels() * spec.words_per_pixel(); ++w) {
        count[node] += std::popcount(view.spikes(lane)[w]);
      }
    }
    void taken(int /*lane*/) override {}
    std::map<int, std::uint64_t> count;
  } counter;
  Engine engine(small_residual_snn(), full_registry(), options(1, 1));
  engine.set_tap(&counter);
  engine.load(0, GraphBuilder(5).pixels(3 * 9 * 9), 0);
  engine.step();
  engine.step();
  std::vector<std::uint64_t> seen;
  for (const auto& [node, count] : counter.count) seen.push_back(count);
  EXPECT_EQ(seen, std::vector<std::uint64_t>(engine.spike_counts(0).begin(), engine.spike_counts(0).end()));
}

TEST(Engine, StepsComputedAheadAreThoseThatWouldHaveCome) {
  StopSettings stop{"margin", 1.0, 0.5};
  for (const Graph& graph : {small_residual_snn(), testing::with_integers(small_residual_snn())}) {
    const Outcomes expected = run(graph, options(3, 2), stop);
    for (const int lookahead : {2, 3, 64}) {
      EngineOptions ahead = options(3, 2);
      ahead.lookahead = lookahead;
      EXPECT_EQ(run(graph, ahead, stop), expected) << lookahead;
    }
  }
}

TEST(Engine, FixedArithmeticKeepsTheInvariantsToo) {
  const Graph graph = testing::with_integers(small_residual_snn());
  const Outcomes expected = run(graph, options(1, 1, DeviceKind::reference));
  EXPECT_EQ(run(graph, options(1, 1)), expected);
  EXPECT_EQ(run(graph, options(5, 2)), expected);
  for (const auto& [sample, outcome] : run(graph, options(4, 2), {"margin", 1.0, 0.5})) {
    const std::vector<float>& full = expected.at(sample).logits_by_step;
    ASSERT_LE(outcome.logits_by_step.size(), full.size());
    EXPECT_TRUE(std::equal(outcome.logits_by_step.begin(), outcome.logits_by_step.end(), full.begin()));
  }
}

TEST(Engine, FixedArithmeticRefusesWhatMayOverflow) {
  const auto refusal = [](const Graph& graph, int steps) -> std::string {
    try {
      run(graph, options(1, 1), {}, {steps, 0, 1});
    } catch (const InputError& error) {
      return error.what();
    }
    return "";
  };
  GraphBuilder b;
  const std::string neuron = b.if_neuron(b.linear(b.input({4}), 4, 3), 1.0F);
  b.output(b.linear(neuron, 3, 2));
  Graph graph = testing::with_integers(b.graph);
  Node& first = *graph.find("Linear1");
  first.tensors["weight"] = Tensor({3, 4}, std::vector<std::int8_t>(12, 127));
  first.attributes["shift"] = std::int64_t{0};
  // 4 weights of 127 by a pixel of 32767, and the bias: about 2^24 a step, so that 2^31 is some 128 steps
  // away.
  EXPECT_EQ(refusal(graph, 100), "");
  EXPECT_THAT(refusal(graph, 150), HasSubstr("IF2: fixed arithmetic may overflow after 12"));

  // A synapse that reads it without a neuron between would need more than 16 bits.
  graph.find("Linear3")->inputs = {"Linear1"};
  graph.nodes.erase(graph.nodes.begin() + 2);
  EXPECT_THAT(refusal(graph, 1), HasSubstr("Linear3: fixed arithmetic may overflow: the input reaches"));

  GraphBuilder wide;
  wide.output(wide.linear(wide.input({1000}), 1000, 2));
  Graph sums = testing::with_integers(wide.graph);
  sums.find("Linear1")->tensors["weight"] = Tensor({2, 1000}, std::vector<std::int8_t>(2000, 127));
  EXPECT_THAT(refusal(sums, 1), HasSubstr("Linear1: fixed arithmetic may overflow: the sums"));
}

TEST(Engine, SixtyFourStepsAtOnceThroughALayerOfManyRows) {
  GraphBuilder b;
  const std::string spikes = b.if_neuron(b.input({40000}), 4.0F);
  b.output(b.linear(b.if_neuron(b.linear(spikes, 40000, 70), 1.0F), 70, 2));
  const Graph graph = testing::with_integers(b.graph);
  EngineOptions ahead = options(2, 2);
  ahead.lookahead = 64;
  EXPECT_EQ(run(graph, ahead, {}, {64, 0, 2}),
            run(graph, options(1, 1, DeviceKind::reference), {}, {64, 0, 2}));
}

TEST(Engine, DepthwiseSynapsesThatAllFireStayWithinTheirLists) {
  GraphBuilder b;
  const std::string spikes = b.if_neuron(b.input({64, 24, 24}), 0.01F);
  const GraphBuilder::Conv conv{
      .outputs = 64, .inputs = 64, .kernel_h = 1, .kernel_w = 1, .groups = 64, .padding = {0, 0, 0, 0}};
  b.output(b.op("Flatten", {b.if_neuron(b.conv2d(spikes, conv), 0.5F)}));
  const Graph graph = testing::with_integers(b.graph);
  EXPECT_EQ(run(graph, options(2, 1), {}, {2, 0, 2}),
            run(graph, options(1, 1, DeviceKind::reference), {}, {2, 0, 2}));
}

TEST(Engine, AStepThatCannotBeComputedReleasesItsSlots) {
  GraphBuilder b;
  b.output(b.linear(b.input({2}), 2, 2));
  b.graph.nodes[0].tensors["std"] = scalar_tensor(0.1F);  // a drawn 1 becomes 10, beyond 8
  const Graph graph = testing::with_integers(b.graph);
  Engine engine(graph, full_registry(), options(2, 1, DeviceKind::cpu, Coding::poisson));
  engine.load(0, std::vector<float>{0.0F, 0.0F}, 0);
  engine.step();
  engine.load(1, std::vector<float>{1.0F, 1.0F}, 1);
  EXPECT_THROW(engine.step(), InputError);
  EXPECT_FALSE(engine.occupied(1));
}

TEST(Engine, ReportsWhichPathItsSynapsesTook) {
  EngineOptions forced = options(2, 1);
  for (const KernelChoice kernels : {KernelChoice::event, KernelChoice::dense}) {
    forced.kernels = kernels;
    Engine engine(testing::with_integers(small_residual_snn()), full_registry(), forced);
    engine.load(0, GraphBuilder(5).pixels(3 * 9 * 9), 0);
    for (int t = 0; t < 4; ++t) engine.step();
    ASSERT_FALSE(engine.synapses().empty());
    double density = 0.0;
    for (const SynapseUse& synapse : engine.synapses()) {
      EXPECT_EQ(synapse.dense_share, kernels == KernelChoice::dense ? 1.0 : 0.0) << synapse.name;
      density += synapse.density;
    }
    EXPECT_GT(density, 0.0);
  }
}

TEST(Engine, RefusesWhatItCannotRun) {
  Graph graph = small_residual_snn();
  EXPECT_THROW(Engine(graph, full_registry(), options(0, 1)), InputError);
  try {
    Engine(graph, full_registry(), options(1, 1, DeviceKind::cuda));
    FAIL() << "this build has no cuda kernels";
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), HasSubstr("cuda has no kernel for IF in float32; use --device cpu"));
  }
  graph.nodes[1].inputs = {"nowhere"};
  EXPECT_THROW(Engine(graph, full_registry(), options(1, 1)), InputError);
}

TEST(Runner, RefusesSamplesOutsideTheSourceAndWrongShapes) {
  const Graph graph = small_residual_snn();
  EXPECT_THROW(run(graph, options(1, 1), {}, {6, 10, 5}), InputError);
  EXPECT_THROW(run(graph, options(1, 1), {}, {0, 0, 5}), InputError);
  Engine engine(graph, full_registry(), options(1, 1));
  EXPECT_THROW(
      run_samples(engine, RandomImages(2, {3, 8, 9}), make_stop_policy({}), {1, 0, 2}, [](const auto&) {}),
      InputError);
}

TEST(Runner, TakesSamplesWhoseExtentsOfOneStandElsewhere) {
  EXPECT_TRUE(takes_samples({4, 1, 32}, {1, 4, 32}));  // signals [N, C, L], read as gray images
  EXPECT_TRUE(takes_samples({1, 28, 28}, {1, 28, 28}));
  EXPECT_FALSE(takes_samples({4, 1, 32}, {1, 32, 4}));
  EXPECT_FALSE(takes_samples({128}, {1, 4, 32}));
}

TEST(Runner, ARunThatEndedByAnExceptionLeavesNothingBehind) {
  const Graph graph = small_residual_snn();
  const RandomImages images(12, {3, 9, 9});
  Engine engine(graph, full_registry(), options(4, 1));
  const auto policy = make_stop_policy({});
  // Samples end at different steps, so others are in their slots when the first does.
  EXPECT_THROW(run_samples(engine, images, make_stop_policy({"margin", 1.0, 0.5}), {6, 0, 12},
                           [](const auto&) { throw InputError("sink", "", "full"); }),
               InputError);
  for (int slot = 0; slot < engine.slots(); ++slot) EXPECT_FALSE(engine.occupied(slot)) << slot;
  std::vector<std::int64_t> seen;
  run_samples(engine, images, policy, {2, 7, 2}, [&](const SampleResult& r) { seen.push_back(r.sample); });
  EXPECT_THAT(seen, ElementsAre(7, 8));
}

TEST(Runner, AStreamTakesNoStepsThatItCouldNotAnswerFor) {
  const auto nothing = [](SampleView&, std::uint64_t&) { return false; };
  const Graph graph = testing::with_integers(small_residual_snn());
  Engine engine(graph, full_registry(), options(1, 1));
  ASSERT_LT(engine.max_steps(), 1 << 30);
  const auto beyond = static_cast<int>(engine.max_steps() + 1);
  for (const int steps : {0, -1, beyond})
    EXPECT_THROW(engine.stream(nothing, StopRule{}, steps, [](const auto&) {}), InputError) << steps;
  EXPECT_EQ(engine.stream(nothing, StopRule{}, beyond - 1, [](const auto&) {}), 0);
}

TEST(Coding, PoissonSpikesAverageToTheImage) {
  GraphBuilder b;
  Node input{"input", "Input", {}, {{"shape", Shape{2}}}, {{"mean", {{1}, {0.25F}}}, {"std", {{1}, {0.5F}}}}};
  b.output(b.add(input));
  Engine engine(b.graph, full_registry(), options(1, 1, DeviceKind::cpu, Coding::poisson));
  engine.load(0, std::vector<float>{0.2F, 0.9F}, 0);
  constexpr int steps = 4000;
  for (int t = 0; t < steps; ++t) engine.step();
  EXPECT_NEAR(engine.logits(0)[0] / steps, (0.2F - 0.25F) / 0.5F, 0.05F);
  EXPECT_NEAR(engine.logits(0)[1] / steps, (0.9F - 0.25F) / 0.5F, 0.05F);
}

}  // namespace
}  // namespace rheobase
