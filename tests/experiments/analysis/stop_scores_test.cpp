#include "experiments/analysis/stop_scores.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "experiments/analysis/trace.h"
#include "sim/core/error.h"
#include "tests/experiments/analysis/random_walks.h"

namespace rheobase {
namespace {

TEST(StopScores, ABoundStopsTheSamplesThatItsThresholdStops) {
  const Recording recording = random_walks(200, 10);
  for (const char* policy : {"confidence", "margin", "entropy", "stable"}) {
    for (const double alpha : {0.5, 3.0}) {
      const StopScores scores(recording, policy, alpha);
      for (const int sample : {3, 50, 120}) {
        // Between two scores that occur.
        const float bound = bound_between(scores.at(sample, 2), scores.at(sample, 2) + 0.01F);
        const std::vector<float> bounds{bound};
        EXPECT_EQ(scores.exits(bounds), exits_of(recording, settings_of(policy, alpha, bounds))) << policy;
      }
    }
  }
}

TEST(StopScores, BoundsByStepAreEarlyThresholds) {
  const Recording recording = random_walks(200, 6);
  for (const char* policy : {"confidence", "margin", "entropy"}) {
    const StopScores scores(recording, policy, 1.0);
    std::vector<float> bounds;
    for (int t = 1; t < 6; ++t) bounds.push_back(scores.at(10 * t, t) + 1e-4F);
    const StopSettings stop = settings_of(policy, 1.0, bounds);
    EXPECT_EQ(stop.early_thresholds.size(), 4U);
    EXPECT_EQ(scores.exits(bounds), exits_of(recording, stop)) << policy;
  }
}

TEST(StopScores, NeverAndAlwaysAreThresholdsToo) {
  const Recording recording = random_walks(60, 5);
  for (const char* policy : {"confidence", "margin", "entropy"}) {
    const std::vector<float> never{never_bound};
    const std::vector<float> always{always_bound};
    EXPECT_EQ(exits_of(recording, settings_of(policy, 1.0, never)), std::vector<int>(60, 5)) << policy;
    EXPECT_EQ(exits_of(recording, settings_of(policy, 1.0, always)), std::vector<int>(60, 1)) << policy;
  }
}

TEST(StopScores, TheBoundsOfSettingsAreWhatThePolicyComparesWith) {
  Recording recording = random_walks(100, 6);
  for (float& logit : recording.logits) logit *= 20.0F;
  for (const StopSettings& stop : {StopSettings{"confidence", 1.0, 1.0 - 3e-16, {0.5, 1.0 - 1e-12}},
                                   {"margin", 2.0, 30.0, {1.0}},
                                   {"entropy", 1.0, 1e-12, {0.1}},
                                   {"stable", 1.0, 3.0}}) {
    const StopScores scores(recording, stop.policy, stop.alpha);
    EXPECT_EQ(scores.exits(bounds_of(stop)), exits_of(recording, stop)) << stop.policy;
  }
}

TEST(StopScores, EqualThresholdsAtTheEndBecomeOne) {
  const std::vector<float> bounds{1.0F, 2.0F, 2.0F, 2.0F};
  EXPECT_EQ(settings_of("margin", 1.0, bounds), (StopSettings{"margin", 1.0, 2.0, {1.0}}));
}

TEST(StopScores, ABoundIsNotBelowTheLowerScoreAndBelowTheHigher) {
  const float next = std::nextafter(1.0F, 2.0F);
  EXPECT_EQ(bound_between(1.0F, next), 1.0F);
  EXPECT_EQ(bound_between(1.0F, 2.0F), 1.5F);
}

TEST(StopScores, RefusesPoliciesWithoutAScore) {
  const Recording recording = random_walks(10, 3);
  EXPECT_THROW(StopScores(recording, "never", 1.0), InputError);
  EXPECT_THROW(StopScores(recording, "margin", 0.0), InputError);
}

TEST(StopScores, NothingStopsBeforeTheReadout) {
  Recording recording = random_walks(200, 8);
  recording.info.stop.readout_delay = 3;
  for (const char* policy : {"confidence", "margin", "entropy", "stable"}) {
    const StopScores scores(recording, policy, 1.0);
    for (const float bound : {scores.at(7, 5), always_bound}) {
      const std::vector<float> bounds{bound};
      StopSettings stop = settings_of(policy, 1.0, bounds);
      stop.readout_delay = 3;
      const std::vector<int> exits = exits_of(recording, stop);
      EXPECT_EQ(scores.exits(bounds_of(stop)), exits) << policy;
      EXPECT_GE(*std::min_element(exits.begin(), exits.end()), 4) << policy;
    }
  }
}

}  // namespace
}  // namespace rheobase
