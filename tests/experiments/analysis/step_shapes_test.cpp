#include "experiments/analysis/step_shapes.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/experiments/analysis/random_walks.h"

namespace rheobase {
namespace {

TEST(StepShape, WithoutRiseAndFallAsksTheSameAtEveryStep) {
  for (int t = 1; t <= 9; ++t) EXPECT_EQ(StepShape{}.factor(t, 9), 1.0);
}

TEST(StepShape, RisesExponentiallyAndFallsLinearly) {
  const StepShape shape{2.0, 0.5};
  EXPECT_DOUBLE_EQ(shape.factor(1, 10), 1.0 - std::exp(-0.5));
  EXPECT_DOUBLE_EQ(shape.factor(4, 10), 1.0 - std::exp(-2.0));
  EXPECT_DOUBLE_EQ(shape.factor(10, 10), (1.0 - std::exp(-5.0)) * 0.2);
}

TEST(StepShape, OneBoundOnShapedScoresIsABoundOnEachScore) {
  const Recording recording = random_walks(200, 8);
  for (const char* policy : {"margin", "confidence", "entropy"}) {
    const StopScores scores(recording, policy, 1.0);
    for (const StepShape& shape : step_shapes()) {
      const StopScores divided = shaped(scores, policy, shape);
      const float bound = bound_between(divided.at(17, 3), divided.at(17, 3) + 1e-3F);
      EXPECT_EQ(divided.exits(std::vector<float>{bound}), scores.exits(bounds_of(bound, policy, shape, 8)))
          << policy << " " << shape.rise << " " << shape.fall;
    }
  }
}

TEST(StepShape, TheConstantShapeComesFirst) { EXPECT_EQ(step_shapes().front(), StepShape{}); }

}  // namespace
}  // namespace rheobase
