#include "experiments/analysis/reliability.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "experiments/analysis/trace.h"
#include "sim/core/rng.h"
#include "tests/experiments/analysis/random_walks.h"

namespace rheobase {
namespace {

// Two classes; the first leads by `margin`; a share of labels is the first.
Recording two_classes(std::int64_t samples, float margin, double share) {
  Recording recording = random_walks(samples, 1, 1, 2);
  for (std::int64_t i = 0; i < samples; ++i) {
    recording.logits[2 * i] = margin;
    recording.logits[2 * i + 1] = 0.0F;
    recording.labels[i] = static_cast<double>(i) < share * static_cast<double>(samples) ? 0 : 1;
  }
  return recording;
}

TEST(Reliability, IsTheGapBetweenConfidenceAndAccuracy) {
  const double confidence = 1.0 / (1.0 + std::exp(-1.0));
  const Reliability result = reliability(two_classes(100, 1.0F, 0.6), 1, 1.0, 10);
  EXPECT_NEAR(result.ece, confidence - 0.6, 1e-6);
  EXPECT_EQ(result.bins[7].samples, 100);  // 0.73 lies in (0.7, 0.8]
  EXPECT_NEAR(result.bins[7].confidence, confidence, 1e-6);
  EXPECT_NEAR(result.bins[7].accuracy, 0.6, 1e-12);
}

TEST(Reliability, TheEdgesOfABinBelongToTheOneBelow) {
  const Reliability sure = reliability(two_classes(10, 200.0F, 1.0), 1, 1.0, 4);
  EXPECT_EQ(sure.bins[3].samples, 10);
  EXPECT_EQ(sure.ece, 0.0);
  const Reliability half = reliability(two_classes(10, 0.0F, 0.5), 1, 1.0, 4);
  EXPECT_EQ(half.bins[1].samples, 10);
}

// Two classes and one margin m: the likelihood is best where 1 / (1 + e^(-m / alpha)) is the share that is
// right.
TEST(Reliability, TheFittedAlphaMakesConfidenceTheAccuracy) {
  for (const double share : {0.6, 0.75, 0.9}) {
    const double alpha = fitted_alpha(two_classes(1000, 3.0F, share), 1);
    EXPECT_NEAR(alpha, 3.0 / std::log(share / (1.0 - share)), 1e-3 * alpha);
    EXPECT_NEAR(reliability(two_classes(1000, 3.0F, share), 1, alpha).ece, 0.0, 1e-3);
  }
}

TEST(Reliability, FittingLowersTheErrorOfOverconfidentLogits) {
  Recording recording = random_walks(2000, 4);
  for (float& logit : recording.logits) logit *= 10.0F;
  const double alpha = fitted_alpha(recording, 4);
  EXPECT_GT(alpha, 1.0);
  EXPECT_LT(reliability(recording, 4, alpha).ece, 0.5 * reliability(recording, 4, 1.0).ece);
}

TEST(ReliabilityByStep, DoublesTheStepUntilTheLast) {
  const Recording recording = random_walks(400, 6);
  const std::vector<StepReliability> rows = reliability_by_step(recording, 2.0);
  ASSERT_EQ(rows.size(), 4U);
  const Trace trace(recording, "");
  for (std::size_t i = 0; i < 4; ++i) {
    const int t = std::array{1, 2, 4, 6}[i];
    EXPECT_EQ(rows[i].step, t);
    EXPECT_NEAR(rows[i].accuracy, outcome(trace, std::vector<int>(400, t)).accuracy, 1e-12);
    EXPECT_EQ(rows[i].ece, reliability(recording, t, 2.0).ece);
    EXPECT_EQ(rows[i].fitted_ece, reliability(recording, t, fitted_alpha(recording, t)).ece);
    EXPECT_GE(rows[i].ece, std::abs(rows[i].confidence - rows[i].accuracy) - 1e-12);
  }
}

}  // namespace
}  // namespace rheobase
