#include "experiments/sweep/sweep_spec.h"

#include <gmock/gmock.h>

#include "experiments/sweep/sweep_cells.h"
#include "sim/core/error.h"
#include "sim/core/file.h"
#include "tests/sim/format/scratch.h"

namespace rheobase {
namespace {

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

}  // namespace
}  // namespace rheobase
