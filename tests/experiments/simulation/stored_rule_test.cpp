#include "experiments/simulation/stored_rule.h"

#include <gmock/gmock.h>

#include "sim/core/error.h"
#include "tests/sim/format/scratch.h"

namespace rheobase {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

Graph small_graph(float weight) {
  using List = std::vector<std::int64_t>;
  Graph graph;
  graph.nodes = {{"image", "Input", {}, {{"shape", List{1}}}, {}},
                 {"fc", "Linear", {"image"}, {}, {{"weight", {{1, 1}, {weight}}}}},
                 {"out", "Output", {"fc"}, {}, {}}};
  return graph;
}

RecordingInfo sample_run() {
  RecordingInfo info;
  info.data = "mnist:a";
  info.split = "test";
  info.coding = "direct";
  info.seed = 9;
  info.first = 10;
  info.samples = 3;
  info.steps = 16;
  info.sample_hashes = {30, 10, 20};
  return info;
}

Model calibrated() {
  Model model;
  model.graph = small_graph(0.5F);
  model.stop = StopSettings{"margin", 1.0, 2.0};
  model.calibration = calibration_of(sample_run(), model.graph);
  return model;
}

TEST(StoredRule, KeepsWhatItDependsOn) {
  const CalibrationSamples from = *calibrated().calibration;
  EXPECT_EQ(from.sample_hashes, (std::vector<std::uint64_t>{10, 20, 30}));
  EXPECT_EQ(from.coding, "direct");
  EXPECT_EQ(from.seed, 0);  // direct coding draws nothing
  EXPECT_EQ(from.steps, 16);
  EXPECT_EQ(from.network_sha256, graph_sha256(small_graph(0.5F)));
}

TEST(StoredRule, EveryConditionOfItIsCompared) {
  const Model model = calibrated();
  EXPECT_THAT(rule_differences(model, "direct", 16), IsEmpty());
  EXPECT_EQ(rule_differences(model, "poisson", 8),
            (std::vector<RuleDifference>{{"coding", "direct", "poisson"}, {"steps", "16", "8"}}));
  Model other = model;
  other.graph = small_graph(0.75F);
  const auto found = rule_differences(other, "direct", 16);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].condition, "network");
}

TEST(StoredRule, NormalisationIsPartOfTheNetwork) {
  Graph graph = small_graph(0.5F);
  graph.nodes[0].tensors["mean"] = scalar_tensor(0.5F);
  EXPECT_NE(graph_sha256(graph), graph_sha256(small_graph(0.5F)));
}

TEST(StoredRule, RefusesAllDifferencesAtOnceWithTheCommandThatCalibrates) {
  EXPECT_THAT(
      input_error([] { refuse_differences(rule_differences(calibrated(), "poisson", 8), "net.h5"); }),
      AllOf(
          HasSubstr("--stop stored, --coding poisson, --steps 8"),
          HasSubstr("calibrated for coding direct, used with poisson; calibrated for steps 16, used with 8"),
          HasSubstr("rheobase calibrate net.h5 --coding poisson --steps 8 ..."),
          HasSubstr("--beyond-calibration")));
  refuse_differences({}, "net.h5");
}

// As files before layout version 5 are read.
TEST(StoredRule, OfAnOlderFileIsTakenForDirectCodingAndSaysSo) {
  Model model = calibrated();
  model.calibration = CalibrationSamples{"mnist:a", std::string(64, 'd'), "test", 10, 3, 16};
  EXPECT_THAT(rule_differences(model, "direct", 16), IsEmpty());
  EXPECT_EQ(rule_differences(model, "poisson", 16), (std::vector<RuleDifference>{{"coding", "", "poisson"}}));
  ASSERT_EQ(notes_of_older_rule(model).size(), 1U);
  EXPECT_THAT(notes_of_older_rule(model)[0].what, HasSubstr("earlier version"));
  model.calibration.reset();
  EXPECT_THAT(rule_differences(model, "poisson", 1), IsEmpty());
  EXPECT_THAT(notes_of_older_rule(model)[0].what, HasSubstr("does not say what it was chosen for"));
  EXPECT_THAT(notes_of_older_rule(calibrated()), IsEmpty());
  EXPECT_THAT(notes_of_older_rule(Model{}), IsEmpty());
}

TEST(StoredRule, OfAnOlderFileKnowsItsSamplesByTheirFiles) {
  const CalibrationSamples from{"mnist:a", std::string(64, 'd'), "test", 12, 30, 16};
  EXPECT_EQ(calibration_overlap(from, sample_run(), std::string(64, 'd')), (SampleOverlap{1, 2, 2}));
  EXPECT_EQ(calibration_overlap(from, sample_run(), std::string(64, 'e')), SampleOverlap{});
  const CalibrationSamples spelled{"mnist:a", "", "test", 12, 30, 16};
  EXPECT_EQ(calibration_overlap(spelled, sample_run(), ""), (SampleOverlap{1, 2, 2}));
}

TEST(StoredRule, IsNotJudgedOnItsSamples) {
  const CalibrationSamples from = *calibrated().calibration;
  RecordingInfo run = sample_run();
  run.data = "hdf5:elsewhere";
  run.first = 100;
  run.sample_hashes = {1, 2, 20};
  const SampleOverlap overlap = calibration_overlap(from, run, "");
  EXPECT_EQ(overlap, (SampleOverlap{1, 2, 2}));
  EXPECT_THAT(
      input_error([&] { refuse_calibration_samples(from, run, overlap); }),
      AllOf(HasSubstr("was calibrated on 1 of these 3 samples too, from 102 to 102"),
            HasSubstr("as mnist:a, test split, samples 10 to 12"), HasSubstr("--calibration-samples")));
  run.samples = 100;
  refuse_calibration_samples(from, run, overlap);  // one in a hundred
}

}  // namespace
}  // namespace rheobase
