#include "experiments/analysis/calibrate.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "sim/core/error.h"
#include "tests/experiments/analysis/random_walks.h"

namespace rheobase {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr int steps = 12;

CalibrationOptions losing_at_most(double max_loss, const std::string& policy = "margin") {
  CalibrationOptions options;
  options.policy = policy;
  options.goal.max_loss = max_loss;
  return options;
}

std::string refusal_of(const Recording& recording, const CalibrationOptions& options) {
  try {
    calibrate(recording, "run.h5", options);
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

class Calibrate : public testing::Test {
 protected:
  const Recording recording_ = random_walks(600, steps);
};

TEST_F(Calibrate, KeepsToTheLossAndSavesSteps) {
  for (const char* policy : {"confidence", "margin", "entropy", "stable"}) {
    for (const double max_loss : {0.0, 0.01, 0.05}) {
      CalibrationOptions options = losing_at_most(max_loss, policy);
      options.alphas = default_alphas(policy);
      const Calibration result = calibrate(recording_, "run.h5", options);
      EXPECT_GE(result.chosen.accuracy, result.full.accuracy - max_loss - 1e-9) << policy;
      if (max_loss > 0.0) {
        EXPECT_LT(result.chosen.mean_steps, steps) << policy;
      }
    }
  }
}

// Large logits make confidences that differ from 1 in their last digits only, and equal logits make ties.
TEST_F(Calibrate, WhatIsReportedIsWhatTheRulesDo) {
  Recording recording = recording_;
  for (float& logit : recording.logits) logit *= 40.0F;
  std::fill(recording.logits.begin(), recording.logits.begin() + 60 * steps, 0.0F);
  const Trace trace(recording, "run.h5");
  for (const char* policy : {"confidence", "margin", "entropy"}) {
    for (const bool by_step : {false, true}) {
      CalibrationOptions options = losing_at_most(0.02, policy);
      options.alphas = {1.0, 4.0};
      options.by_step = by_step;
      const Calibration result = calibrate(recording, "run.h5", options);
      EXPECT_EQ(result.chosen, outcome(trace, exits_of(recording, result.stop))) << policy;
      EXPECT_GE(result.chosen.accuracy, result.full.accuracy - 0.02 - 1e-9) << policy;
      for (const CalibrationPoint& point : result.front)
        EXPECT_EQ(point.outcome, outcome(trace, exits_of(recording, point.stop))) << policy;
    }
  }
}

TEST_F(Calibrate, TakesTheBestAccuracyInABudgetOfSteps) {
  CalibrationOptions options;
  options.policy = "margin";
  options.goal.max_steps = 5.0;
  const Calibration result = calibrate(recording_, "run.h5", options);
  EXPECT_LE(result.chosen.mean_steps, 5.0);
  for (const CalibrationPoint& point : result.front) {
    if (point.outcome.mean_steps > 5.0) continue;
    EXPECT_LE(point.outcome.accuracy, result.chosen.accuracy + 1e-9);
  }
}

TEST_F(Calibrate, ThresholdsByStepAreNoWorseThanOne) {
  CalibrationOptions options = losing_at_most(0.02);
  const double one = calibrate(recording_, "run.h5", options).chosen.mean_steps;
  options.by_step = true;
  EXPECT_LE(calibrate(recording_, "run.h5", options).chosen.mean_steps, one + 0.02);
}

TEST_F(Calibrate, AGuaranteeTakesMoreStepsThanTheSamplesNeed) {
  for (const bool by_step : {false, true}) {
    CalibrationOptions options = losing_at_most(0.05);
    options.by_step = by_step;
    const double bare = calibrate(recording_, "run.h5", options).chosen.mean_steps;
    options.guarantee = 0.95;
    const Calibration promised = calibrate(recording_, "run.h5", options);
    EXPECT_GT(promised.chosen.mean_steps, bare);
    EXPECT_LT(promised.chosen.mean_steps, steps);
  }
}

TEST_F(Calibrate, SaysHowManySamplesAGuaranteeNeeds) {
  CalibrationOptions options = losing_at_most(0.001);
  options.guarantee = 0.95;
  EXPECT_THAT(refusal_of(recording_, options),
              AllOf(HasSubstr("--guarantee"), HasSubstr("600 samples"), HasSubstr("2995")));
}

TEST_F(Calibrate, EveryRuleOfADelayedReadoutKeepsTheDelay) {
  Recording recording = recording_;
  recording.info.stop.readout_delay = 5;
  const Trace trace(recording, "run.h5");
  for (const char* policy : {"confidence", "margin", "entropy", "stable"}) {
    for (const char* way : {"one", "by step", "guarantee", "conditional"}) {
      CalibrationOptions options = losing_at_most(0.2, policy);
      options.by_step = way == std::string("by step") && policy != std::string("stable");
      if (way == std::string("guarantee")) options.guarantee = 0.9;
      options.conditional = way == std::string("conditional");
      if (options.conditional) options.guarantee = 0.9;
      const Calibration result = calibrate(recording, "run.h5", options);
      EXPECT_EQ(result.stop.readout_delay, 5) << policy << ' ' << way;
      const std::vector<int> exits = exits_of(recording, result.stop);
      EXPECT_GE(*std::min_element(exits.begin(), exits.end()), 6) << policy << ' ' << way;
      EXPECT_LT(result.chosen.mean_steps, steps) << policy << ' ' << way;
      for (const CalibrationPoint& point : result.front)
        EXPECT_EQ(point.outcome, outcome(trace, exits_of(recording, point.stop))) << policy << ' ' << way;
    }
  }
}

TEST_F(Calibrate, RefusesWhatCannotBe) {
  CalibrationOptions options;
  options.goal.max_steps = 0.5;
  EXPECT_THAT(refusal_of(recording_, options), HasSubstr("--max-steps"));
  options = losing_at_most(0.01, "stable");
  options.by_step = true;
  EXPECT_THAT(refusal_of(recording_, options), HasSubstr("--by-step"));
  EXPECT_THAT(refusal_of(random_walks(100, 1), losing_at_most(0.01)), HasSubstr("nothing to stop"));
  Recording late = recording_;
  late.info.stop.readout_delay = steps - 1;
  EXPECT_THAT(refusal_of(late, losing_at_most(0.01)), HasSubstr("--readout-delay"));
  EXPECT_THAT(refusal_of(random_walks(9, steps), losing_at_most(0.01)), HasSubstr("too few"));
  EXPECT_THAT(refusal_of(recording_, losing_at_most(0.01, "never")), HasSubstr("--stop"));
}

}  // namespace
}  // namespace rheobase
