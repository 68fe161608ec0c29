#include "experiments/sweep/sweep_spec.h"

#include <gmock/gmock.h>

#include <set>

#include "experiments/sweep/sweep_cells.h"
#include "sim/core/error.h"
#include "sim/core/file.h"
#include "tests/sim/format/scratch.h"

namespace rheobase {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

SweepSpec read(const std::string& text) {
  const Scratch scratch;
  scratch.put("spec.toml", text);
  return read_sweep_spec(scratch.file("spec.toml"));
}

std::string refusal_of(const std::string& text) {
  return input_error([&] { read(text); });
}

TEST(SweepSpec, HasDefaultsForAllButModelsAndData) {
  const SweepSpec spec = read("models = 'a.h5'\ndata = 'fashion-mnist'\n");
  EXPECT_THAT(spec.models, ElementsAre("a.h5"));
  EXPECT_THAT(spec.steps, ElementsAre(32));
  EXPECT_TRUE(spec.coding.empty());  // what the data are for
  EXPECT_EQ(spec.split, "test");
  EXPECT_FALSE(spec.limit);
}

TEST(SweepSpec, TakesOneValueOrAList) {
  const SweepSpec spec = read(R"(
    models = ["a.h5", "b.onnx"]
    data = ["mnist:DIR", "fashion-mnist"]
    steps = [64, 16, 16]
    limit = 100
    [[policy]]
    name = "confidence"
    alpha = [1, 2.5]
    [[policy]]
    name = "stable"
    threshold = 3
    [[policy]]
    name = "margin"
    by_step = true
  )");
  EXPECT_THAT(spec.steps, ElementsAre(16, 64));
  EXPECT_EQ(spec.limit, 100);
  ASSERT_EQ(spec.policies.size(), 3U);
  EXPECT_THAT(spec.policies[0].alphas, ElementsAre(1.0, 2.5));
  EXPECT_THAT(spec.policies[1].thresholds, ElementsAre(3.0));
  EXPECT_TRUE(spec.policies[2].by_step);
}

TEST(SweepSpec, NamesEveryFaultAtOnce) {
  const std::string message = refusal_of(R"(
    models = 3
    data = []
    steps = [0, 8]
    color = "red"
    split = "valid"
    [[policy]]
    name = "sometimes"
    [[policy]]
    name = "confidence"
    threshold = 1.5
    [[policy]]
    name = "stable"
    by_step = true
  )");
  for (const char* part :
       {"models: expected a text", "data: names no data set", "steps: 0", "color: unknown key",
        "split: 'valid'", "policy[0].name: 'sometimes'", "policy[1].", "1.5", "policy[2].by_step"})
    EXPECT_THAT(message, HasSubstr(part));
}

TEST(SweepSpec, NamesTheLineThatIsNoToml) {
  EXPECT_THAT(refusal_of("models = 'a.h5'\ndata = \n"), HasSubstr("line 2"));
}

TEST(SweepSpec, AModelFileHasItsOwnArithmetic) {
  const SweepSpec spec = read(
      "models = ['a.h5', 'b.onnx']\ndata = 'fashion-mnist'\narithmetic = ['float32', 'fixed']\n"
      "coding = ['direct', 'poisson']\n");
  std::vector<std::string> names;
  for (const SweepCell& cell : sweep_cells(spec)) names.push_back(cell.name());
  EXPECT_THAT(names,
              ElementsAre("a.h5, fashion-mnist, direct", "a.h5, fashion-mnist, poisson",
                          "b.onnx, float32, fashion-mnist, direct", "b.onnx, float32, fashion-mnist, poisson",
                          "b.onnx, fixed, fashion-mnist, direct", "b.onnx, fixed, fashion-mnist, poisson"));
}

TEST(SweepSpec, ConversionsAreCellsOfTheirOwn) {
  const SweepSpec spec = read(R"(
    models = ["a.h5", "b.onnx"]
    data = "fashion-mnist"
    method = ["if", "mt", "sigma-delta"]
    levels = [4, 8]
    threshold = ["auto", "ltb"]
    calibrate = "light"
    readout_delay = [0, 2]
    steps = [4, 8]
    [calibration]
    data = "fashion-mnist"
    samples = 100
    steps = 8
  )");
  EXPECT_EQ(spec.calibration.split, "train");
  EXPECT_EQ(spec.calibration.samples, 100);
  EXPECT_EQ(spec.calibration.steps, 8);
  const std::vector<SweepCell> cells = sweep_cells(spec);
  // The file by two delays; if has no levels, sigma-delta no delays.
  ASSERT_EQ(cells.size(), 2U + 2 * 2 + 2 * 2 * 2 + 2 * 2);
  EXPECT_EQ(cells[0].conversion, CellConversion{});
  EXPECT_EQ(cells[1].name(), "a.h5, fashion-mnist, direct, read from step 3 on");
  EXPECT_EQ(cells[2].name(), "b.onnx, if, calibrated light, float32, fashion-mnist, direct");
  EXPECT_EQ(
      cells.back().name(),
      "b.onnx, sigma-delta of 8 levels, thresholds ltb, calibrated light, float32, fashion-mnist, direct");
  std::set<std::string> names;
  for (const SweepCell& cell : cells) names.insert(cell.name());
  EXPECT_EQ(names.size(), cells.size());
}

TEST(SweepSpec, NamesWhatNoConversionTakes) {
  const std::string message = refusal_of(R"(
    models = "b.onnx"
    data = "fashion-mnist"
    method = "rate"
    levels = [0, 9]
    threshold = ["low", "101%"]
    calibrate = "heavy"
    readout_delay = [3, -1]
    steps = 4
    [calibration]
    split = "valid"
    samples = 0
    steps = 0
  )");
  for (const char* part : {"method: 'rate'", "levels: 0", "levels: 9", "threshold: --threshold: low", "101%",
                           "calibrate: --calibrate: heavy", "readout_delay: 3", "readout_delay: -1",
                           "calibration.data: is missing", "calibration.split: 'valid'",
                           "calibration.samples", "calibration.steps: 0"})
    EXPECT_THAT(message, HasSubstr(part));
}

TEST(SweepSpec, ConversionsNeedSomethingToConvertAndSamples) {
  EXPECT_THAT(
      refusal_of("models = 'b.onnx'\ndata = 'fashion-mnist'\nthreshold = 'max'\ncalibrate = 'light'\n"),
      AllOf(HasSubstr("threshold: takes samples: [calibration] data"), HasSubstr("calibrate: takes")));
  EXPECT_THAT(
      refusal_of("models = 'a.h5'\ndata = 'fashion-mnist'\nmethod = 'if'\n[calibration]\ndata = 'mnist:x'\n"),
      AllOf(HasSubstr("method: is for .onnx models"), HasSubstr("calibration: is for .onnx")));
}

}  // namespace
}  // namespace rheobase
