#include "experiments/analysis/threshold_front.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/experiments/analysis/random_walks.h"

namespace rheobase {
namespace {

class ThresholdFront : public testing::Test {
 protected:
  const Recording recording_ = random_walks(150, 8);
  const Trace trace_{recording_, "run.h5"};
};

TEST_F(ThresholdFront, EveryPointIsWhatItsThresholdComesTo) {
  for (const char* policy : {"margin", "stable", "confidence"}) {
    const StopScores scores(recording_, policy, 1.0);
    for (const FrontPoint& point : threshold_curve(trace_, scores)) {
      const Outcome expected = outcome(trace_, scores.exits(std::vector<float>{point.bound}));
      ASSERT_EQ(point.outcome, expected) << policy << " " << point.bound;
    }
  }
}

TEST_F(ThresholdFront, TheCurveAnswersForEveryBound) {
  for (const char* policy : {"margin", "stable", "confidence"}) {
    const StopScores scores(recording_, policy, 1.0);
    const std::vector<FrontPoint> curve = threshold_curve(trace_, scores);
    std::vector<float> bounds{never_bound, always_bound, 0.0F};
    for (std::int64_t sample = 0; sample < 20; ++sample) {
      const float score = scores.at(sample, 3);  // a bound is no score above itself
      bounds.insert(bounds.end(),
                    {score, std::nextafter(score, never_bound), std::nextafter(score, always_bound)});
    }
    for (const float bound : bounds)
      ASSERT_EQ(outcome_at(curve, bound), outcome(trace_, scores.exits(std::vector<float>{bound}))) << policy;
  }
}

TEST_F(ThresholdFront, RunsFromNeverToAlwaysThroughEveryOutcome) {
  const StopScores scores(recording_, "margin", 1.0);
  const std::vector<FrontPoint> curve = threshold_curve(trace_, scores);
  EXPECT_EQ(curve.front().outcome.mean_steps, 8.0);
  EXPECT_EQ(curve.back().outcome.mean_steps, 1.0);
  for (std::size_t i = 1; i < curve.size(); ++i) {
    EXPECT_LT(curve[i].bound, curve[i - 1].bound);
    // Nothing between two neighbours: one sample moves at a time, or several with equal scores.
    EXPECT_LT(curve[i].outcome.mean_steps, curve[i - 1].outcome.mean_steps);
  }
}

TEST_F(ThresholdFront, TheParetoFrontHoldsNoPointThatAnotherBeats) {
  const std::vector<FrontPoint> curve = threshold_curve(trace_, StopScores(recording_, "confidence", 1.0));
  const std::vector<FrontPoint> front = pareto_front(curve);
  for (const FrontPoint& kept : front) {
    for (const FrontPoint& other : curve) {
      const bool beaten = other.outcome.accuracy >= kept.outcome.accuracy &&
                          other.outcome.mean_steps <= kept.outcome.mean_steps &&
                          other.outcome != kept.outcome;
      EXPECT_FALSE(beaten);
    }
  }
  for (std::size_t i = 1; i < front.size(); ++i) {
    EXPECT_LT(front[i].outcome.accuracy, front[i - 1].outcome.accuracy);
    EXPECT_LT(front[i].outcome.mean_steps, front[i - 1].outcome.mean_steps);
  }
}

}  // namespace
}  // namespace rheobase
