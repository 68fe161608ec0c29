#include "experiments/report/figures.h"

#include <gmock/gmock.h>

#include "experiments/report/cell_diagnosis.h"
#include "tests/experiments/analysis/random_walks.h"

namespace rheobase {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<SweepPoint> points_of(const Recording& recording) {
  SweepSpec spec;
  spec.steps = {static_cast<int>(recording.info.steps)};
  spec.policies = {
      {"margin", {1.0}, {}, false}, {"confidence", {1.0, 4.0}, {}, true}, {"stable", {1.0}, {}, false}};
  return sweep_points(recording, "run.h5", spec);
}

std::vector<std::string> names_of(const Figure& figure) {
  std::vector<std::string> names;
  for (const Series& series : figure.series) names.push_back(series.name);
  return names;
}

TEST(AccuracyFigure, ShowsFixedTimesEveryRuleAndBothOracles) {
  const auto points = points_of(random_walks(300, 8));
  const Figure figure = accuracy_figure(points);
  EXPECT_THAT(names_of(figure), ElementsAre("fixed time", "margin, alpha 1", "confidence by step, alpha 1",
                                            "confidence by step, alpha 4", "stable", "oracle first_correct",
                                            "oracle stays_correct"));
  std::size_t drawn = 0;
  for (const Series& series : figure.series) {
    drawn += series.x.size();
    for (std::size_t i = 0; i < series.x.size(); ++i) {
      const SweepPoint& point = points.at(series.rows[i]);
      EXPECT_EQ(series.x[i], point.outcome.mean_steps);
      EXPECT_EQ(series.y[i], point.outcome.accuracy);
      EXPECT_LE(series.low[i], series.y[i]);
      EXPECT_GE(series.high[i], series.y[i]);
    }
  }
  EXPECT_EQ(drawn, points.size());
}

TEST(ChosenRules, TakeTheFewestStepsThatLoseLittleEnough) {
  const auto points = points_of(random_walks(300, 8));
  double whole = 0.0;
  for (const SweepPoint& point : points) {
    if (point.policy == "never") whole = point.outcome.accuracy;  // the last is after 8 steps
  }
  const std::vector<int> chosen = chosen_rules(points, 0.02);
  ASSERT_FALSE(chosen.empty());
  for (const int row : chosen) {
    EXPECT_GE(points[row].outcome.accuracy, whole - 0.02 - 1e-9);
    for (const SweepPoint& other : points) {
      if (series_name(other) == series_name(points[row]) && other.outcome.accuracy >= whole - 0.02) {
        EXPECT_LE(points[row].outcome.mean_steps, other.outcome.mean_steps);
      }
    }
  }
}

TEST(ExitsFigure, SharesOfARuleAddUpToAllSamples) {
  const auto points = points_of(random_walks(300, 8));
  const std::vector<int> chosen = chosen_rules(points, 0.05);
  const Figure figure = exits_figure(points, chosen);
  ASSERT_EQ(figure.series.size(), chosen.size());
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    double sum = 0.0;
    double mean = 0.0;
    for (std::size_t t = 0; t < 8; ++t) {
      sum += figure.series[i].y[t];
      mean += figure.series[i].y[t] * figure.series[i].x[t];
    }
    EXPECT_NEAR(sum, 1.0, 1e-12);
    EXPECT_NEAR(mean, points[chosen[i]].outcome.mean_steps, 1e-9);
  }
}

TEST(DeadlineFigure, EndsAtTheRulesOwnAccuracy) {
  const auto points = points_of(random_walks(300, 8));
  const std::vector<int> chosen = chosen_rules(points, 0.05);
  const Figure figure = deadline_figure(points, chosen);
  ASSERT_EQ(figure.series.size(), chosen.size() + 1);
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    EXPECT_EQ(figure.series[i + 1].y.back(), points[chosen[i]].outcome.accuracy);
    EXPECT_EQ(figure.series[i + 1].y.front(), figure.series[0].y.front());  // nobody stops before step 1
  }
}

TEST(FiringRateFigure, IsSpikesByNeuronsAndSteps) {
  Recording recording = random_walks(2, 8);
  recording.info.layers = {{"a", 10}, {"b", 5}};
  recording.spike_counts = {8, 40, 24, 0};
  const Figure figure = firing_rate_figure(recording);
  EXPECT_THAT(figure.series.at(0).y, ElementsAre(32.0 / (10 * 16), 40.0 / (5 * 16)));
  EXPECT_EQ(figure.x.ticks.at(1).second, "b");
}

TEST(OperationsFigure, AveragesOverSamples) {
  Recording recording = random_walks(2, 8);
  EXPECT_TRUE(operations_figure(recording).empty());
  recording.info.synapses = {{"conv", 100}, {"fc", 7}};
  recording.synapse_costs = {{0, 50}, {3, 0}, {0, 70}, {5, 0}};
  const Figure figure = operations_figure(recording);
  EXPECT_THAT(names_of(figure), ElementsAre("effective ACs", "effective MACs", "one dense pass"));
  EXPECT_THAT(figure.series[0].y, ElementsAre(0.0, 4.0));
  EXPECT_THAT(figure.series[1].y, ElementsAre(60.0, 0.0));
  EXPECT_THAT(figure.series[2].y, ElementsAre(100.0, 7.0));
}

TEST(ReliabilityFigure, ShowsTheFirstAndTheLastStep) {
  const Figure figure = reliability_figure(random_walks(300, 8), 1.0);
  ASSERT_EQ(figure.series.size(), 5U);
  EXPECT_THAT(figure.series[1].name, HasSubstr("step 1: ECE"));
  EXPECT_THAT(figure.series[4].name, HasSubstr("step 8: ECE"));
  for (const Series& series : figure.series) {
    for (std::size_t i = 0; i < series.low.size(); ++i) {
      EXPECT_LE(0.0, series.low[i] + 1e-12);
      EXPECT_LE(series.low[i], series.y[i] + 1e-12);
      EXPECT_GE(series.high[i], series.y[i] - 1e-12);
    }
  }
}

TEST(RasterFigure, PutsLayersAboveEachOther) {
  const Raster raster{7, 3, 4, {1, 3, 3, 3}, {{"a", 100, {5, 60}, {{1, 4}, {}}}, {"b", 10, {2}, {{2, 3}}}}};
  const Figure figure = raster_figure(raster);
  EXPECT_THAT(figure.series.at(0).y, ElementsAre(0.0, 0.0));
  EXPECT_THAT(figure.series.at(1).x, ElementsAre(2.0, 3.0));
  EXPECT_GT(figure.series[1].y[0], 2.0);
  EXPECT_THAT(figure.caption, HasSubstr("Label 3; the answer is 1 from step 1 on, 3 from step 2 on"));
}

TEST(LayerErrorFigure, ShowsFourStepsAndTheLayersOwnError) {
  Diagnosis diagnosis;
  diagnosis.samples = 64;
  diagnosis.steps = {1, 2, 4, 8, 16};
  EXPECT_TRUE(layer_error_figure(diagnosis).empty());
  for (const double error : {0.2, 0.4}) {
    DiagnosedLayer layer{error < 0.3 ? "a" : "b", 10, 1.0, {}};
    for (const int steps : diagnosis.steps)
      layer.by_steps.push_back({.steps = steps, .error = error / steps, .own_error = error / 32});
    diagnosis.layers.push_back(layer);
  }
  const Figure figure = layer_error_figure(diagnosis);
  EXPECT_THAT(names_of(figure), ElementsAre("T = 2", "T = 4", "T = 8", "T = 16", "own, T = 16"));
  EXPECT_THAT(figure.series[0].y, ElementsAre(0.1, 0.2));
  EXPECT_THAT(figure.series[4].y, ElementsAre(0.2 / 32, 0.4 / 32));
  EXPECT_EQ(figure.x.ticks[1].second, "b");
}

TEST(OverviewFigure, IsTheFrontOverAllRulesOfACell) {
  const auto points = points_of(random_walks(300, 8));
  const Figure figure = overview_figure({{"cell", points}});
  ASSERT_EQ(figure.series.size(), 2U);
  const Series& best = figure.series[0];
  for (std::size_t i = 1; i < best.x.size(); ++i) {
    EXPECT_LE(best.x[i - 1], best.x[i]);
    EXPECT_LT(best.y[i - 1], best.y[i]);
  }
  EXPECT_EQ(figure.series[1].y.size(), 8U);
}

}  // namespace
}  // namespace rheobase
