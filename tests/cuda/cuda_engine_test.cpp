// The device cuda, emulated, behind Engine: what holds of every device holds of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/cuda/outcomes.h"
#include "tests/support/fixed_graph.h"
#include "tests/support/random_runs.h"

namespace rheobase {
namespace {

using testing::GraphBuilder;
using ::testing::HasSubstr;
using testing::RandomImages;
using testing::run_on;
using testing::RunOutcome;

Graph residual() { return testing::with_integers(testing::small_residual_snn()); }
const RandomImages& images() {
  static const RandomImages all(20, {3, 9, 9});
  return all;
}

const std::vector<StopSettings> rules{
    {"never", 1.0, 0.0, {}},    {"confidence", 0.5, 0.92, {}}, {"margin", 1.0, 0.5, {2.0, 0.9}},
    {"entropy", 1.0, 0.02, {}}, {"stable", 1.0, 5.0, {}},
};

TEST(CudaEngine, GivesTheSamplesOfReferenceWhateverTheRuleAndTheSlots) {
  const Graph graph = residual();
  const std::vector<testing::DeviceOrder> orders = testing::orders();
  std::size_t next = 0;
  for (const StopSettings& rule : rules) {
    const RunOutcome expected = run_on(DeviceKind::reference, 3, graph, images(), rule, {6, 0, 20});
    for (const int slots : {1, 7, 33}) {
      const testing::SetOrder set(orders[next++ % orders.size()]);
      const RunOutcome found = run_on(DeviceKind::cuda, slots, graph, images(), rule, {6, 0, 20});
      EXPECT_TRUE(same_samples(found, expected)) << rule.policy << ", " << slots << " slots";
    }
  }
}

TEST(CudaEngine, EachOfTheseRulesStopsSamplesAndNotAllAtOnce) {
  std::set<int> exits;
  for (const StopSettings& rule : rules) {
    int early = 0;
    for (const auto& [sample, outcome] :
         run_on(DeviceKind::cuda, 4, residual(), images(), rule, {6, 0, 20}).samples) {
      early += outcome.stopped ? 1 : 0;
      exits.insert(outcome.steps);
    }
    EXPECT_EQ(early > 0, rule.policy != "never") << rule.policy;
  }
  EXPECT_GE(exits.size(), 4U);
}

TEST(CudaEngine, ResultsComeInTheOrderOfReference) {
  for (const int slots : {1, 3, 7}) {
    const auto order = [&](DeviceKind device) {
      return run_on(device, slots, residual(), images(), {"margin", 1.0, 0.5, {}}, {6, 0, 20}).order;
    };
    EXPECT_EQ(order(DeviceKind::cuda), order(DeviceKind::reference)) << slots;
  }
}

TEST(CudaEngine, ManyMoreSlotsThanThreadsOfABlock) {
  GraphBuilder b(4);
  b.output(b.linear(b.if_neuron(b.linear(b.input({6}), 6, 5), 1.0F), 5, 3));
  const Graph graph = testing::with_integers(std::move(b.graph));
  const RandomImages many(1500, {6});
  const StopSettings rule{"margin", 1.0, 0.3, {}};
  const RunOutcome expected = run_on(DeviceKind::reference, 8, graph, many, rule, {5, 0, 1500});
  for (const testing::DeviceOrder& order : testing::orders()) {
    const testing::SetOrder set(order);
    EXPECT_TRUE(same_samples(run_on(DeviceKind::cuda, 600, graph, many, rule, {5, 0, 1500}), expected))
        << testing::describe(order);
  }
}

TEST(CudaEngine, AnEngineMayStreamAgainLongerAndWithAnotherRule) {
  Engine engine(residual(), testing::registry_with_cuda(), testing::counting_options(DeviceKind::cuda, 3));
  for (const int steps : {2, 7, 3}) {
    for (const StopSettings& rule : {rules[0], rules[2]}) {
      EXPECT_TRUE(same_samples(testing::run_engine(engine, images(), rule, {steps, 2, 9}),
                               run_on(DeviceKind::reference, 2, residual(), images(), rule, {steps, 2, 9})));
    }
  }
  for (int slot = 0; slot < engine.slots(); ++slot) EXPECT_FALSE(engine.occupied(slot));
}

TEST(CudaEngine, ARunThatEndedByAnExceptionLeavesNothingBehind) {
  Engine engine(residual(), testing::registry_with_cuda(), testing::counting_options(DeviceKind::cuda, 4));
  EXPECT_THROW(run_samples(engine, images(), make_stop_policy(rules[2]), {6, 0, 20},
                           [](const auto&) { throw InputError("sink", "", "full"); }),
               InputError);
  for (int slot = 0; slot < engine.slots(); ++slot) EXPECT_FALSE(engine.occupied(slot)) << slot;
  EXPECT_TRUE(same_samples(testing::run_engine(engine, images(), rules[0], {2, 7, 2}),
                           run_on(DeviceKind::reference, 1, residual(), images(), rules[0], {2, 7, 2})));
}

TEST(CudaEngine, LoadedSamplesStepReleaseAndStartAfresh) {
  const auto logits_of = [](Engine& engine, int slot) {
    return std::vector<float>(engine.logits(slot).begin(), engine.logits(slot).end());
  };
  Engine cuda(residual(), testing::registry_with_cuda(), testing::counting_options(DeviceKind::cuda, 2));
  Engine reference(residual(), testing::registry_with_cuda(),
                   testing::counting_options(DeviceKind::reference, 2));
  GraphBuilder random(5);
  const std::vector<float> a = random.pixels(3 * 9 * 9), b = random.pixels(3 * 9 * 9);
  const auto expect_same = [&] {
    for (int slot = 0; slot < 2; ++slot) {
      ASSERT_EQ(cuda.occupied(slot), reference.occupied(slot)) << slot;
      if (!cuda.occupied(slot)) continue;
      EXPECT_EQ(cuda.time(slot), reference.time(slot));
      EXPECT_EQ(cuda.spike_hash(slot), reference.spike_hash(slot));
      EXPECT_EQ(logits_of(cuda, slot), logits_of(reference, slot));
      EXPECT_TRUE(std::ranges::equal(cuda.spike_counts(slot), reference.spike_counts(slot)));
    }
  };
  for (Engine* engine : {&cuda, &reference}) engine->load(0, a, 4);
  expect_same();
  for (const int slot : {1, 0, 1}) {
    for (Engine* engine : {&cuda, &reference}) {
      engine->step();
      engine->step();
      engine->load(slot, slot == 0 ? a : b, 5);  // also where a sample is
    }
    expect_same();
  }
  for (Engine* engine : {&cuda, &reference}) {
    engine->release(0);
    engine->step();
  }
  expect_same();
}

TEST(CudaEngine, RunningValuesAreScaledByTheStep) {
  Graph graph = residual();
  Node& output = graph.nodes.back();
  output.attributes["running"] = std::int64_t{1};
  output.tensors["start"] = {{5}, {0.5F, -1.0F, 0.0F, 2.0F, 0.25F}};
  const RunOutcome expected = run_on(DeviceKind::reference, 2, graph, images(), rules[0], {5, 0, 4});
  EXPECT_TRUE(same_samples(run_on(DeviceKind::cuda, 3, graph, images(), rules[0], {5, 0, 4}), expected));
}

// Nodes without state: everything is constant, and evaluated once a sample.
TEST(CudaEngine, ANetworkWithoutStateIsEvaluatedOnce) {
  GraphBuilder b(3);
  b.output(b.op("Flatten", {b.avg_pool(b.conv2d(b.input({2, 6, 6}), {.outputs = 5, .inputs = 2}), 3)}));
  const Graph graph = testing::with_integers(std::move(b.graph));
  const RandomImages few(3, {2, 6, 6});
  const RunOutcome expected = run_on(DeviceKind::reference, 2, graph, few, rules[0], {4, 0, 3});
  EXPECT_EQ(expected.samples.at(0).evaluations, 1);
  EXPECT_TRUE(same_samples(run_on(DeviceKind::cuda, 2, graph, few, rules[0], {4, 0, 3}), expected));
}

std::string refusal(const Graph& graph, const EngineOptions& options) {
  try {
    const Engine engine(graph, testing::registry_with_cuda(), options);
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

TEST(CudaEngine, RefusesByNameWhatItHasNoKernelFor) {
  const EngineOptions options = testing::counting_options(DeviceKind::cuda, 1);
  EXPECT_THAT(refusal(testing::small_residual_snn(), options),
              HasSubstr("cuda has no kernel for IF in float32; use --device cpu"));
  GraphBuilder b;
  b.output(b.op("Flatten", {b.add({"once", "Onset", {b.if_neuron(b.input({1, 2, 2}), 1.0F)}, {}, {}})}));
  EXPECT_THAT(refusal(testing::with_integers(b.graph), options),
              HasSubstr("once: cuda has no kernel for Onset in fixed; use --device cpu"));
  EngineOptions poisson = options;
  poisson.coding = Coding::poisson;
  EXPECT_THAT(refusal(residual(), poisson),
              HasSubstr("cuda has no such coding of an Input in fixed; use --device cpu"));
  EngineOptions delayed = options;
  delayed.readout_delay = 2;
  EXPECT_THAT(refusal(residual(), delayed), HasSubstr("cuda reads out from the first step on"));
}

TEST(CudaEngine, StepsBeyondTheProofAreRefused) {
  GraphBuilder b;
  b.output(b.linear(b.if_neuron(b.linear(b.input({4}), 4, 3), 1.0F), 3, 2));
  Graph graph = testing::with_integers(b.graph);
  Node& first = *graph.find("Linear1");
  first.tensors["weight"] = Tensor({3, 4}, std::vector<std::int8_t>(12, 127));
  first.attributes["shift"] = std::int64_t{0};
  Engine engine(graph, testing::registry_with_cuda(), testing::counting_options(DeviceKind::cuda, 1));
  engine.load(0, std::vector<float>(4, 0.5F), 0);
  for (std::int64_t t = 0; t < engine.max_steps(); ++t) engine.step();
  EXPECT_THROW(engine.step(), InputError);
}

#if defined(RHEOBASE_CUDA_EMULATED)
TEST(CudaEngine, SaysHowManySlotsFit) {
  emulator::Options small;
  small.memory = 2 << 20;
  const testing::SetOrder set(small);
  const std::string text = refusal(residual(), testing::counting_options(DeviceKind::cuda, 4000));
  EXPECT_THAT(text, HasSubstr("do not fit into the 1 MiB that the GPU has left: up to "));
  const int fitting = std::stoi(text.substr(text.find("up to ") + 6));
  EXPECT_GT(fitting, 10);
  EXPECT_EQ(refusal(residual(), testing::counting_options(DeviceKind::cuda, fitting)), "");
  EXPECT_NE(refusal(residual(), testing::counting_options(DeviceKind::cuda, fitting + fitting / 10)), "");
  small.memory = 1000;
  const testing::SetOrder smaller(small);
  EXPECT_THAT(refusal(residual(), testing::counting_options(DeviceKind::cuda, 1)),
              HasSubstr("no room for the network's weights"));
}

TEST(CudaEngine, NamesTheGpuThatIsNotThere) {
  EngineOptions options = testing::counting_options(DeviceKind::cuda, 1);
  options.gpu = 1;
  EXPECT_THAT(refusal(residual(), options),
              HasSubstr("--device: cuda:1: this machine has 1, from cuda:0 on"));
  emulator::Options none;
  none.gpus = 0;
  const testing::SetOrder set(none);
  options.gpu = 0;
  EXPECT_THAT(refusal(residual(), options),
              HasSubstr("no GPU can be used: no CUDA-capable device is detected; use --device cpu"));
}

TEST(CudaEngine, ItsRunsShowThemselvesToNobodyAsAGpu) {
  for (const DeviceInfo& device : devices())
    EXPECT_FALSE(device.kind == DeviceKind::cuda && device.available) << device.description;
}
#endif

}  // namespace
}  // namespace rheobase
