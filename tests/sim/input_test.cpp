// How samples enter the network: events as well as images.
#include "sim/op/input.h"

#include <gmock/gmock.h>

#include <array>

#include "sim/core/error.h"
#include "sim/engine/runner.h"
#include "tests/support/build_graph.h"

namespace rheobase {
namespace {

using ::testing::ElementsAre;
using testing::full_registry;
using testing::GraphBuilder;

// The logits are the input, summed over the steps: 2 channels of 1 x 2 pixels.
Graph summing_graph() {
  GraphBuilder b;
  b.output(b.op("Flatten", {b.input({2, 1, 2})}));
  return std::move(b.graph);
}

EngineOptions events_on(DeviceKind device, int lookahead = 1) {
  EngineOptions options;
  options.device = device;
  options.slots = 2;
  options.coding = Coding::events;
  options.lookahead = lookahead;
  return options;
}

const std::vector<InputEvent> few_events{{1, 0}, {1, 0}, {1, 3}, {3, 1}};

TEST(Events, AreCountedAtTheirStepAndPlace) {
  for (const DeviceKind device : {DeviceKind::reference, DeviceKind::cpu}) {
    Engine engine(summing_graph(), full_registry(), events_on(device));
    engine.load(0, SampleView{{}, few_events}, 0);
    engine.step();
    EXPECT_THAT(engine.logits(0), ElementsAre(2, 0, 0, 1));
    engine.step();
    EXPECT_THAT(engine.logits(0), ElementsAre(2, 0, 0, 1));
    engine.step();
    EXPECT_THAT(engine.logits(0), ElementsAre(2, 1, 0, 1));
  }
}

TEST(Events, AreWholeNumbersOfTheUnitInFixedArithmetic) {
  Node node{"input", "Input", {}, {{"fraction_bits", std::int64_t{3}}}, {}};
  const Registry registry = full_registry();
  const auto made =
      (*registry.input(Coding::events, DeviceKind::cpu))({node, {2, 1, 2}, Arithmetic::fixed, 0});
  std::array<std::int16_t, 4> out{};
  dynamic_cast<const HostInput&>(*made).encode({{}, few_events}, 0, 1,
                                               reinterpret_cast<std::byte*>(out.data()));
  EXPECT_THAT(out, ElementsAre(16, 0, 0, 8));  // pixel-major: both channels of pixel 0, then of pixel 1
  const std::vector<InputEvent> many(4096, {1, 2});
  EXPECT_THROW(dynamic_cast<const HostInput&>(*made).encode({{}, many}, 7, 1,
                                                            reinterpret_cast<std::byte*>(out.data())),
               InputError);
}

// Sample i has i events at place 0 of step 1, and one at place 1 of step 2.
class Clicks : public SampleSource {
 public:
  std::int64_t size() const override { return 5; }
  Shape shape() const override { return {2, 1, 2}; }
  void fetch(std::int64_t index, Sample& sample) const override {
    sample.pixels.clear();
    sample.events.assign(static_cast<std::size_t>(index), {1, 0});
    sample.events.push_back({2, 1});
  }
};

TEST(Events, StreamThroughTheSlotsLikeImages) {
  for (const int lookahead : {1, 2}) {
    Engine engine(summing_graph(), full_registry(), events_on(DeviceKind::cpu, lookahead));
    int seen = 0;
    run_samples(engine, Clicks(), make_stop_policy({}), {2, 0, 5}, [&](const SampleResult& result) {
      const auto clicks = static_cast<float>(result.sample);
      EXPECT_THAT(result.logits_by_step, ElementsAre(clicks, 0, 0, 0, clicks, 1, 0, 0));
      ++seen;
    });
    EXPECT_EQ(seen, 5);
  }
}

// A stream that is not over: each step's events come just before it.
TEST(Events, OfAStreamArriveWhileItRuns) {
  for (const DeviceKind device : {DeviceKind::reference, DeviceKind::cpu}) {
    Engine engine(summing_graph(), full_registry(), events_on(device));
    engine.load(1, SampleView{}, 0);
    engine.feed(1, std::vector<InputEvent>{{1, 0}, {1, 0}, {3, 1}});
    engine.step();
    EXPECT_THAT(engine.logits(1), ElementsAre(2, 0, 0, 0));
    engine.feed(1, std::vector<InputEvent>{{2, 3}});
    engine.step();
    EXPECT_THAT(engine.logits(1), ElementsAre(2, 0, 0, 1));
    engine.step();
    EXPECT_THAT(engine.logits(1), ElementsAre(2, 1, 0, 1));
    EXPECT_THROW(engine.feed(1, std::vector<InputEvent>{{3, 0}}), InputError);  // that step is over
    EXPECT_THROW(engine.feed(1, std::vector<InputEvent>{{4, 4}}), InputError);
    EXPECT_THROW(engine.feed(0, std::vector<InputEvent>{{1, 0}}), InputError);  // holds no sample
    engine.release(1);
    EXPECT_THROW(engine.feed(1, std::vector<InputEvent>{{4, 0}}), InputError);
  }
}

TEST(Events, AreFedToEnginesThatTakeStepByStep) {
  Engine ahead(summing_graph(), full_registry(), events_on(DeviceKind::cpu, 2));
  ahead.load(0, SampleView{}, 0);
  EXPECT_THROW(ahead.feed(0, few_events), InputError);
  Engine images(summing_graph(), full_registry(), {});
  images.load(0, std::vector<float>(4, 0.0F), 0);
  EXPECT_THROW(images.feed(0, few_events), InputError);
}

TEST(Events, OfASampleThatIsOverEndIt) {
  class Short : public Clicks {
   public:
    void fetch(std::int64_t index, Sample& sample) const override {
      Clicks::fetch(index, sample);
      sample.steps = index == 3 ? 1 : 0;
    }
  };
  for (const int lookahead : {1, 2}) {
    Engine engine(summing_graph(), full_registry(), events_on(DeviceKind::cpu, lookahead));
    run_samples(engine, Short(), make_stop_policy({}), {2, 0, 5}, [&](const SampleResult& result) {
      EXPECT_EQ(result.steps, result.sample == 3 ? 1 : 2);
      EXPECT_FALSE(result.stopped);
    });
  }
}

TEST(Events, OutsideOfTheImageOrOutOfOrderAreRefused) {
  Engine engine(summing_graph(), full_registry(), events_on(DeviceKind::cpu));
  for (const auto& events :
       std::vector<std::vector<InputEvent>>{{{1, 4}}, {{1, -1}}, {{0, 0}}, {{2, 0}, {1, 0}}}) {
    EXPECT_THROW(engine.load(0, SampleView{{}, events}, 0), InputError);
    EXPECT_FALSE(engine.occupied(0));
  }
}

TEST(Events, AreNotNormalised) {
  Graph graph = summing_graph();
  graph.nodes[0].tensors["mean"] = scalar_tensor(0.5F);
  EXPECT_THROW(Engine(graph, full_registry(), events_on(DeviceKind::cpu)), InputError);
}

}  // namespace
}  // namespace rheobase
