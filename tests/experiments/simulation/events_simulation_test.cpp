// Recordings of an event camera through a spiking network.
#include <gmock/gmock.h>

#include "experiments/analysis/calibrate.h"
#include "experiments/simulation/simulation.h"
#include "neurons/burst_lif.h"
#include "sim/core/error.h"
#include "sim/format/model_file.h"
#include "tests/experiments/data/event_recording.h"
#include "tests/sim/format/scratch.h"
#include "tests/support/build_graph.h"
#include "tests/support/outcome.h"

namespace rheobase {
namespace {

using ::testing::ElementsAre;
using testing::full_registry;
using testing::GraphBuilder;
using ::testing::HasSubstr;

// Counts the events of both polarities: class 0 has more that got darker.
Model counting_model() {
  GraphBuilder b;
  b.input({2, 34, 34});
  const std::string flat = b.op("Flatten", {"input"});
  Tensor weight{{2, 2 * 34 * 34}, {}};
  for (int k = 0; k < 2; ++k) {
    for (int i = 0; i < 2 * 34 * 34; ++i) weight.reals().push_back((i < 34 * 34) == (k == 0) ? 1.0F : 0.0F);
  }
  const std::string sums = b.add({"sums", "Linear", {flat}, {}, {{"weight", weight}}});
  b.output(b.add(BurstLifParameters{}.node("count", sums)));
  Model model;
  model.graph = b.graph;
  model.provenance.conversion = "snn";
  return model;
}

class EventSimulation : public ::testing::Test {
 protected:
  EventSimulation() {
    spec_.model = scratch_.file("model.h5");
    spec_.data = "nmnist:" + scratch_.path();
    spec_.split = "test";
    spec_.stop = StopSettings{};
    write_model(counting_model(), spec_.model);
    // One event a millisecond: 12 recordings of 3 to 14 steps, of class 0 and 1 in turn.
    for (int i = 0; i < samples; ++i) {
      std::vector<CameraEvent> events;
      for (int t = 0; t < 3 + i; ++t) events.push_back({1000 * t, t, 1, i % 2 == 1});
      scratch_.put("Test/" + std::to_string(i % 2) + "/" + std::to_string(10 + i) + ".bin", atis_bin(events));
    }
  }

  std::string refusal() {
    return input_error([&] { Simulation(spec_, full_registry()); });
  }

  static constexpr int samples = 12;
  const Scratch scratch_;
  SimulationSpec spec_;
};

TEST_F(EventSimulation, ASampleHasAsManyStepsAsItsRecording) {
  Simulation simulation(spec_, full_registry());
  EXPECT_EQ(simulation.options().steps, 14);  // the longest
  std::map<std::int64_t, int> steps;
  double sum = 0.0;
  simulation.run([&](const SampleResult& result, int label) {
    steps[result.sample] = result.steps;
    EXPECT_FALSE(result.stopped);
    const auto logits = result.logits_by_step.last(2);
    EXPECT_EQ(logits[label], static_cast<float>(result.steps));
    EXPECT_EQ(logits[1 - label], 0.0F);
    sum += result.steps;
  });
  EXPECT_EQ(steps[0], 3);
  EXPECT_EQ(steps[6], 4);  // the first of class 1
  EXPECT_DOUBLE_EQ(sum / samples, 8.5);
  const RecordingInfo info = simulation.recording_info();
  EXPECT_EQ(info.coding, "events");
  EXPECT_EQ(info.step_ms, 1.0);
}

// A stream that is made of a list.
class ListStream : public EventStream {
 public:
  explicit ListStream(std::vector<InputEvent> events) : events_(std::move(events)) {}
  void read(std::int64_t step, std::vector<InputEvent>& events) override {
    for (; at_ < events_.size() && events_[at_].step <= step; ++at_) events.push_back(events_[at_]);
  }

 private:
  std::vector<InputEvent> events_;
  std::size_t at_ = 0;
};

TEST_F(EventSimulation, StreamsGiveWhatHeldEventsGiveInAnySlotAndLookahead) {
  const Graph graph = counting_model().graph;
  constexpr int count = 5, budget = 9;
  std::vector<std::vector<InputEvent>> events(count);
  for (int i = 0; i < count; ++i) {
    for (int step = 1; step <= 6 + i; step += 1 + i % 2) {
      for (int k = 0; k < step; ++k) events[i].push_back({step, (i * 977 + k * 613) % (2 * 34 * 34)});
    }
  }
  const auto run = [&](const EngineOptions& options, bool streams) {
    return testing::outcome_of(graph, full_registry(), options, count, budget, [&](int i) {
      SampleView view{{}, {}, 5 + i};
      if (streams)
        view.stream = std::make_shared<ListStream>(events[i]);
      else
        view.events = events[i];
      return view;
    });
  };
  EngineOptions options;
  options.coding = Coding::events;
  const testing::Outcome expected = run(options, false);
  EXPECT_GT(expected.events, 20U);
  for (options.slots = 1; options.slots <= 3; options.slots += 2) {
    for (options.lookahead = 1; options.lookahead <= 4; options.lookahead += 3)
      EXPECT_EQ(run(options, true), expected)
          << options.slots << " slots, " << options.lookahead << " at once";
  }
}

TEST_F(EventSimulation, AStreamThatGoesBackOrBeyondTheInputIsRefused) {
  EngineOptions options;
  options.coding = Coding::events;
  const auto run = [&](const std::vector<InputEvent>& events) {
    Engine engine(counting_model().graph, full_registry(), options);
    engine.load(0, {{}, {}, 4, std::make_shared<ListStream>(events)}, 7);
    for (int t = 0; t < 4; ++t) engine.step();
  };
  const auto refused = [&](const std::vector<InputEvent>& events) {
    return input_error([&] { run(events); });
  };
  EXPECT_NO_THROW(run({{1, 0}, {3, 1}}));
  EXPECT_THAT(refused({{1, 0}, {2, 2 * 34 * 34}}),
              HasSubstr("7: streams an event of a step that was read, or outside"));
  EXPECT_THAT(refused({{1, 0}, {1, -1}}), HasSubstr("7: streams an event"));
  EXPECT_THAT(refused({{3, 0}, {2, 0}}), HasSubstr("7: streams an event"));
}

TEST_F(EventSimulation, ABudgetEndsLongerRecordings) {
  spec_.steps = 5;
  Simulation simulation(spec_, full_registry());
  std::vector<int> histogram(6, 0);
  simulation.run([&](const SampleResult& result, int) { ++histogram[result.steps]; });
  EXPECT_THAT(histogram, ElementsAre(0, 0, 0, 1, 1, 10));
}

TEST_F(EventSimulation, ARuleIsCalibratedOnSamplesOfTheirOwnLengths) {
  Simulation simulation(spec_, full_registry());
  const Recording recording = record_all(simulation, [] {});
  CalibrationOptions options;
  options.policy = "margin";
  options.goal.max_loss = 0.0;
  const Calibration calibration = calibrate(recording, "nmnist", options);
  EXPECT_EQ(calibration.full.accuracy, 1.0);
  EXPECT_DOUBLE_EQ(calibration.full.mean_steps, 8.5);
  EXPECT_EQ(calibration.chosen, (Outcome{1.0, 1.0}));  // the first event says it
  spec_.stop = calibration.stop;
  Simulation stopped(spec_, full_registry());
  stopped.run([&](const SampleResult& result, int) { EXPECT_EQ(result.steps, 1); });
}

// Twice as long steps, bits or half of the pixels are other samples than the rule was chosen for.
TEST_F(EventSimulation, ARuleIsForTheBinningItWasCalibratedFor) {
  Model model = counting_model();
  {
    Simulation simulation(spec_, full_registry());
    model.stop = StopSettings{"margin", 1.0, 2.0};
    model.calibration = calibration_of(simulation.recording_info(), model.graph);
    model.calibration->sample_hashes.clear();
  }
  write_model(model, spec_.model);
  EXPECT_EQ(read_model(spec_.model, full_registry().schemas()), model);
  spec_.stop.reset();
  EXPECT_NO_THROW(Simulation(spec_, full_registry()));
  const std::string data = spec_.data;
  spec_.data = data + ",dt=1000us";  // the same, spelled out
  EXPECT_NO_THROW(Simulation(spec_, full_registry()));
  for (const char* other : {",dt=2ms", ",bins=14", ",events=bits"}) {
    spec_.data = data + other;
    EXPECT_THAT(refusal(), HasSubstr("calibrated for binning 1000 us, counts, used with")) << other;
  }
}

TEST_F(EventSimulation, EventsEnterAsEventsAndNothingElseDoes) {
  spec_.coding = "direct";
  EXPECT_THAT(refusal(), HasSubstr("holds events, which enter as they are: --coding events"));
  spec_.coding = "";
  spec_.data = "hdf5:none.h5";
  EXPECT_THAT(refusal(), HasSubstr("none.h5"));
  spec_.coding = "events";
  EXPECT_THAT(refusal(), HasSubstr("holds no events: --coding direct or poisson"));
}

TEST_F(EventSimulation, ANormalisedInputTakesNoEvents) {
  Model model = counting_model();
  model.graph.find("input")->tensors["mean"] = scalar_tensor(0.5F);
  write_model(model, spec_.model);
  EXPECT_THAT(refusal(), HasSubstr("its samples are events"));
}

}  // namespace
}  // namespace rheobase
