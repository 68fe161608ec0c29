#include "experiments/analysis/bootstrap.h"

#include <gtest/gtest.h>

#include <cmath>

namespace rheobase {
namespace {

// n samples: a share is right at step 1, all are right at step 2.
Trace half_right(std::int64_t n) {
  std::vector<std::uint8_t> correct;
  for (std::int64_t i = 0; i < n; ++i) {
    correct.push_back(i % 2 == 0 ? 1 : 0);
    correct.push_back(1);
  }
  return {n, 2, correct};
}

TEST(Bootstrap, AShareHasTheWidthOfItsStandardError) {
  const std::int64_t n = 2500;
  const OutcomeIntervals range = bootstrap(half_right(n), std::vector<int>(n, 1), 2000);
  const double expected = 1.96 * std::sqrt(0.25 / static_cast<double>(n));
  EXPECT_NEAR(range.accuracy.low, 0.5 - expected, 0.15 * expected);
  EXPECT_NEAR(range.accuracy.high, 0.5 + expected, 0.15 * expected);
  EXPECT_NEAR(range.loss.low, 0.5 - expected, 0.15 * expected);
  EXPECT_EQ(range.mean_steps.low, 1.0);
  EXPECT_EQ(range.mean_steps.high, 1.0);
}

TEST(Bootstrap, WhatDoesNotVaryHasNoWidth) {
  const OutcomeIntervals range = bootstrap(half_right(100), std::vector<int>(100, 2));
  EXPECT_EQ(range.accuracy.low, 1.0);
  EXPECT_EQ(range.accuracy.high, 1.0);
  EXPECT_EQ(range.loss.high, 0.0);
}

TEST(Bootstrap, IsAFunctionOfItsSeed) {
  const std::vector<int> exits(100, 1);
  EXPECT_NE(bootstrap(half_right(100), exits, 20, 3).accuracy.low,
            bootstrap(half_right(100), exits, 20, 4).accuracy.low);
  EXPECT_EQ(bootstrap(half_right(100), exits, 50, 3).accuracy.low,
            bootstrap(half_right(100), exits, 50, 3).accuracy.low);
}

}  // namespace
}  // namespace rheobase
