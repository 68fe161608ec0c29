#include "sim/stop/confidence.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "sim/stop/stop_policy.h"

namespace rheobase {
namespace {

// Distance in units of the last place of the correctly rounded result.
double ulps(float got, double exact) {
  const auto rounded = static_cast<float>(exact);
  const float next = std::nextafter(rounded, std::numeric_limits<float>::infinity());
  return std::abs(static_cast<double>(got) - exact) / (static_cast<double>(next) - rounded);
}

TEST(Exp32, StaysWithinTwoUlpOfTheExactValue) {
  double worst = 0.0;
  for (int i = -104 * 4096; i <= 88 * 4096; ++i) {
    const float x = static_cast<float>(i) * 0x1.0p-12F;
    worst = std::max(worst, ulps(exp32(x), std::exp(static_cast<double>(x))));
  }
  EXPECT_LE(worst, 2.0);
}

TEST(Exp32, IsExactAtZeroAndZeroFarBelow) {
  EXPECT_EQ(exp32(0.0F), 1.0F);
  EXPECT_EQ(exp32(-1e30F), 0.0F);
  EXPECT_EQ(exp32(-std::numeric_limits<float>::infinity()), 0.0F);
  EXPECT_TRUE(std::isnan(exp32(std::numeric_limits<float>::quiet_NaN())));
}

// Calls exp32 on `count` neighbouring floats from `x` upwards.
void expect_rising(float x, int count) {
  float previous = exp32(x);
  for (int i = 0; i < count; ++i) {
    x = std::nextafter(x, std::numeric_limits<float>::infinity());
    const float here = exp32(x);
    ASSERT_GE(here, previous) << "at " << x;
    previous = here;
  }
}

// The range reduction changes its integer between neighbouring floats at (n + 1/2) ln 2, and near 0 floats
// lie closest: look at every float there, and at a walk over the whole range.
TEST(Exp32, NeverFallsAsItsArgumentGrows) {
  for (int n = -151; n <= 126; ++n) {
    const auto turn = static_cast<float>((n + 0.5) * std::log(2.0));
    expect_rising(turn - std::abs(turn) * 1e-4F, 4000);
  }
  expect_rising(-0.34F, 1000000);
  float previous = 0.0F;
  for (int i = -105 * 8192; i <= 88 * 8192; ++i) {
    const float x = static_cast<float>(i) * 0x1.0p-13F;
    const float here = exp32(x);
    ASSERT_GE(here, previous) << "at " << x;
    previous = here;
  }
}

TEST(Log32, StaysWithinTwoUlpFromOneToAMillion) {
  double worst = 0.0;
  for (int i = 1; i < 200000; ++i) {
    const float x = 1.0F + 1e-5F * static_cast<float>(i) * static_cast<float>(i);
    worst = std::max(worst, ulps(log32(x), std::log(static_cast<double>(x))));
  }
  EXPECT_LE(worst, 2.0);
  EXPECT_EQ(log32(1.0F), 0.0F);
}

TEST(MaxSoftmax, AgreesWithDoublePrecision) {
  const std::array<float, 4> sum{1.5F, -0.25F, 3.0F, 2.75F};
  double total = 0.0;
  for (const float value : sum) total += std::exp((value - 3.0) / 2.0);
  EXPECT_NEAR(max_softmax(sum.data(), 4, 0.5F), 1.0 / total, 1e-6);
}

TEST(SoftmaxDoubt, KeepsItsDigitsWhereTheConfidenceRoundsToOne) {
  const std::array<float, 3> sum{30.0F, 2.0F, 0.0F};
  EXPECT_EQ(max_softmax(sum.data(), 3, 1.0F), 1.0F);
  const double others = std::exp(-28.0) + std::exp(-30.0);
  EXPECT_NEAR(softmax_doubt(sum.data(), 3, 1.0F) / (others / (1 + others)), 1.0, 1e-6);
  StopMemory memory;
  EXPECT_FALSE(make_stop_policy({"confidence", 1.0, 1.0 - 1e-13}).stop(sum, 1, memory));
  EXPECT_TRUE(make_stop_policy({"confidence", 1.0, 1.0 - 1e-11}).stop(sum, 1, memory));
}

TEST(MaxSoftmax, IsOneOverKForEqualLogits) {
  const std::vector<float> sum(10, -7.5F);
  EXPECT_EQ(max_softmax(sum.data(), 10, 1.0F), 0.1F);
}

TEST(MaxSoftmax, SurvivesLogitsOfAnySize) {
  const float huge = std::numeric_limits<float>::max();
  const std::array<float, 3> apart{-huge, huge, -huge};
  EXPECT_EQ(max_softmax(apart.data(), 3, 1.0F), 1.0F);
  EXPECT_EQ(max_softmax(apart.data(), 3, 1e30F), 1.0F);
  const std::array<float, 2> equal{huge, huge};
  EXPECT_EQ(max_softmax(equal.data(), 2, 1e30F), 0.5F);
}

TEST(LogitMargin, IsTheGapBetweenTheTwoLargest) {
  const std::array<float, 4> sum{1.0F, 5.0F, 3.0F, -2.0F};
  EXPECT_EQ(logit_margin(sum.data(), 4, 0.5F), 1.0F);
  const std::array<float, 2> tie{2.0F, 2.0F};
  EXPECT_EQ(logit_margin(tie.data(), 2, 1.0F), 0.0F);
}

TEST(NormalisedEntropy, RunsFromOneToZero) {
  const std::vector<float> equal(10, 3.0F);
  EXPECT_NEAR(normalised_entropy(equal.data(), 10, 1.0F), 1.0, 1e-6);
  const std::array<float, 3> sure{1000.0F, 0.0F, 0.0F};
  EXPECT_EQ(normalised_entropy(sure.data(), 3, 1.0F), 0.0F);
  // p = 1/2, 1/4, 1/4: H = 3/2 ln 2.
  const std::array<float, 3> mixed{0x1.62e43p-1F, 0.0F, 0.0F};
  EXPECT_NEAR(normalised_entropy(mixed.data(), 3, 1.0F), 1.5 * std::log(2.0) / std::log(3.0), 1e-6);
}

TEST(NormalisedEntropy, SurvivesLogitsOfAnySize) {
  const float huge = std::numeric_limits<float>::max();
  const std::array<float, 3> apart{-huge, huge, -huge};
  EXPECT_EQ(normalised_entropy(apart.data(), 3, 1.0F), 0.0F);
}

TEST(StopScores, OfASingleClassAreCertain) {
  const float only = -3.0F;
  EXPECT_EQ(max_softmax(&only, 1, 1.0F), 1.0F);
  EXPECT_EQ(logit_margin(&only, 1, 1.0F), std::numeric_limits<float>::infinity());
  EXPECT_EQ(normalised_entropy(&only, 1, 1.0F), 0.0F);
}

}  // namespace
}  // namespace rheobase
