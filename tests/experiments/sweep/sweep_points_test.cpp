#include "experiments/sweep/sweep_points.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "experiments/sweep/sweep_table.h"
#include "tests/experiments/analysis/random_walks.h"

namespace rheobase {
namespace {

SweepSpec spec_with(std::vector<int> steps, std::vector<SweepPolicy> policies) {
  SweepSpec spec;
  spec.steps = std::move(steps);
  spec.policies = std::move(policies);
  return spec;
}

std::vector<SweepPoint> of_policy(const std::vector<SweepPoint>& points, const std::string& policy,
                                  int budget) {
  std::vector<SweepPoint> some;
  for (const SweepPoint& point : points) {
    if (point.policy == policy && point.budget == budget) some.push_back(point);
  }
  return some;
}

TEST(SweepPoints, FixedTimesReadEverySampleAfterSoManySteps) {
  const Recording recording = random_walks(120, 6);
  const auto points = sweep_points(recording, "run.h5", spec_with({6}, {}));
  const Trace trace(recording, "run.h5");
  const auto fixed = of_policy(points, "never", 6);
  ASSERT_EQ(fixed.size(), 6U);
  for (int t = 1; t <= 6; ++t) EXPECT_EQ(fixed[t - 1].outcome, outcome(trace, std::vector<int>(120, t)));
}

TEST(SweepPoints, AShorterBudgetIsTheBeginningOfALongerOne) {
  const Recording recording = random_walks(120, 8);
  const SweepSpec spec = spec_with({3, 8}, {{"margin", {1.0}, {1.0}, false}});
  const auto points = sweep_points(recording, "run.h5", spec);
  const Recording cut = cut_to(recording, 3);
  const Outcome expected = outcome(Trace(cut, "run.h5"), exits_of(cut, {"margin", 1.0, 1.0}));
  EXPECT_EQ(of_policy(points, "margin", 3).at(0).outcome, expected);
  EXPECT_EQ(of_policy(points, "never", 3).at(2).outcome, of_policy(points, "never", 8).at(2).outcome);
}

TEST(SweepPoints, RulesOfADelayedReadoutHaveItsDelay) {
  Recording recording = random_walks(120, 8);
  recording.info.stop.readout_delay = 3;
  const auto points = sweep_points(
      recording, "run.h5", spec_with({8}, {{"margin", {1.0}, {0.0}, false}, {"margin", {1.0}, {}, false}}));
  for (const SweepPoint& point : of_policy(points, "margin", 8)) {
    EXPECT_EQ(point.stop.readout_delay, 3);
    EXPECT_GE(point.outcome.mean_steps, 4.0);
  }
}

TEST(SweepPoints, WithoutThresholdsAPolicyIsItsFront) {
  const Recording recording = random_walks(200, 8);
  const auto points =
      sweep_points(recording, "run.h5", spec_with({8}, {{"confidence", {1.0, 4.0}, {}, false}}), 10);
  const auto front = of_policy(points, "confidence", 8);
  EXPECT_LE(front.size(), 20U);  // ten an alpha
  EXPECT_GE(front.size(), 10U);
  for (const SweepPoint& point : front)
    EXPECT_EQ(point.outcome, outcome(Trace(recording, ""), exits_of(recording, point.stop)));
}

TEST(SweepTable, IsTidyTextWithQuotesWhereTheyAreNeeded) {
  CellResult cell;
  cell.cell = {"a \"b\", c.h5", "mnist:x", "fixed", "direct"};
  cell.points =
      sweep_points(random_walks(50, 3), "run.h5", spec_with({3}, {{"stable", {1.0}, {2.0}, false}}));
  const Table table = sweep_table({cell}, spec_with({3}, {}));
  EXPECT_EQ(table.rows(), 3U + 2U + 1U);
  const std::string text = csv_text(table);
  EXPECT_EQ(text.substr(0, 17), "model,data,split,");
  EXPECT_EQ(text.substr(text.find("\r\n") + 2, 20), "\"a \"\"b\"\", c.h5\",mnis");
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 7);
  EXPECT_NE(text.find(",stable,1,2,,"), std::string::npos);
  EXPECT_NE(text.find(",never,,,,"), std::string::npos);
}

}  // namespace
}  // namespace rheobase
