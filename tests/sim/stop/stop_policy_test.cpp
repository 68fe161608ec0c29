#include "sim/stop/stop_policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "sim/core/error.h"
#include "sim/core/rng.h"

namespace rheobase {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr int classes = 10;

// Accumulated logits of a sample after t steps: a seeded random walk that one class leads in the long run.
std::vector<float> walk(std::uint64_t sample, int t) {
  std::vector<float> sum(classes, 0.0F);
  for (int step = 1; step <= t; ++step) {
    for (int k = 0; k < classes; ++k) {
      sum[k] +=
          4.0F * uniform(7, sample, step, k) - 2.0F + (k == static_cast<int>(sample % classes) ? 0.5F : 0.0F);
    }
  }
  return sum;
}

// The exit time on the walk of `sample`, with logits multiplied by `factor`.
int exit_time(const StopSettings& settings, std::uint64_t sample, int budget, float factor = 1.0F) {
  const auto policy = make_stop_policy(settings);
  StopMemory memory;
  for (int t = 1; t < budget; ++t) {
    std::vector<float> sum = walk(sample, t);
    for (float& value : sum) value *= factor;
    if (policy.stop(sum, t, memory)) return t;
  }
  return budget;
}

std::string error_of(const StopSettings& settings) {
  try {
    make_stop_policy(settings);
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

TEST(StopPolicy, NeverRunsToTheBudget) {
  for (int sample = 0; sample < 20; ++sample) EXPECT_EQ(exit_time({"never", 1e-3, 0.0}, sample, 12), 12);
}

TEST(StopPolicy, ConfidenceBelowOneOverKStopsAtTheFirstStep) {
  for (int sample = 0; sample < 20; ++sample) {
    EXPECT_EQ(exit_time({"confidence", 1e6, 0.099}, sample, 12), 1);
  }
}

TEST(StopPolicy, ConfidenceOneNeverStops) {
  for (int sample = 0; sample < 20; ++sample) EXPECT_EQ(exit_time({"confidence", 1e-3, 1.0}, sample, 12), 12);
}

TEST(StopPolicy, TheComparisonIsStrict) {
  const auto policy = make_stop_policy({"confidence", 1.0, 0.5});
  StopMemory memory;
  EXPECT_FALSE(policy.stop(std::vector<float>{4.0F, 4.0F}, 1, memory));
  EXPECT_TRUE(policy.stop(std::vector<float>{4.0F, 3.99F}, 1, memory));
}

TEST(StopPolicy, ScalingLogitsAndAlphaByAPowerOfTwoChangesNothing) {
  for (const char* name : {"confidence", "margin", "entropy"}) {
    const double threshold = std::string(name) == "margin" ? 2.0 : 0.6;
    for (int sample = 0; sample < 50; ++sample) {
      const int exit = exit_time({name, 3.0, threshold}, sample, 20);
      EXPECT_EQ(exit_time({name, 3.0 * 64, threshold}, sample, 20, 64.0F), exit) << name;
      EXPECT_EQ(exit_time({name, 3.0 / 1024, threshold}, sample, 20, 0x1.0p-10F), exit) << name;
    }
  }
}

TEST(StopPolicy, AStricterThresholdNeverStopsEarlier) {
  for (int sample = 0; sample < 50; ++sample) {
    EXPECT_LE(exit_time({"confidence", 2.0, 0.5}, sample, 20),
              exit_time({"confidence", 2.0, 0.9}, sample, 20));
    EXPECT_LE(exit_time({"margin", 2.0, 0.5}, sample, 20), exit_time({"margin", 2.0, 2.0}, sample, 20));
    EXPECT_LE(exit_time({"entropy", 2.0, 0.8}, sample, 20), exit_time({"entropy", 2.0, 0.3}, sample, 20));
    EXPECT_LE(exit_time({"stable", 1.0, 2}, sample, 20), exit_time({"stable", 1.0, 5}, sample, 20));
  }
}

TEST(StopPolicy, EarlyThresholdsAreOfOneStepEachAndTheThresholdOfAllLaterOnes) {
  const std::vector<float> sum{3.0F, 1.0F};  // a margin of 2 at every step
  const auto steps_that_stop = [&](const StopSettings& settings) {
    std::vector<int> steps;
    for (int t = 1; t <= 5; ++t) {
      StopMemory memory;
      if (make_stop_policy(settings).stop(sum, t, memory)) steps.push_back(t);
    }
    return steps;
  };
  EXPECT_THAT(steps_that_stop({"margin", 1.0, 1.0, {3.0, 1.5, 1e30}}), testing::ElementsAre(2, 4, 5));
  EXPECT_THAT(steps_that_stop({"confidence", 1.0, 1.0, {0.8, 0.9, 0.85}}), testing::ElementsAre(1, 3));
  EXPECT_THAT(steps_that_stop({"entropy", 1.0, 0.0, {0.9, 0.1, 0.6}}), testing::ElementsAre(1, 3));
}

TEST(StopPolicy, EqualThresholdsAtEveryStepAreOneThreshold) {
  for (int sample = 0; sample < 50; ++sample) {
    EXPECT_EQ(exit_time({"margin", 2.0, 0.75, {0.75, 0.75, 0.75}}, sample, 20),
              exit_time({"margin", 2.0, 0.75}, sample, 20));
  }
}

TEST(StopPolicy, StableCountsStepsWithTheSameLeader) {
  const auto policy = make_stop_policy({"stable", 1.0, 3});
  const std::vector<float> a{2.0F, 1.0F};
  const std::vector<float> b{1.0F, 2.0F};
  StopMemory memory;
  const std::vector<std::vector<float>> steps{a, a, b, b, b, a};
  std::vector<bool> stops;
  for (std::size_t t = 0; t < steps.size(); ++t) {
    stops.push_back(policy.stop(steps[t], static_cast<int>(t) + 1, memory));
  }
  EXPECT_THAT(stops, testing::ElementsAre(false, false, false, false, true, false));
}

TEST(StopPolicy, StableForOneStepStopsAtOnce) { EXPECT_EQ(exit_time({"stable", 1.0, 1}, 3, 12), 1); }

TEST(StopPolicy, OneClassIsCertain) {
  const std::vector<float> only{0.0F};
  for (const StopSettings& settings :
       {StopSettings{"confidence", 1.0, 0.99}, {"margin", 1.0, 1e30}, {"entropy", 1.0, 0.01}}) {
    StopMemory memory;
    EXPECT_TRUE(make_stop_policy(settings).stop(only, 1, memory)) << settings.policy;
  }
}

TEST(StopPolicy, ErrorsNameTheOptionTheValueAndTheRange) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THAT(error_of({"sometimes", 1.0, 0.5}),
              AllOf(HasSubstr("--stop"), HasSubstr("sometimes"), HasSubstr("confidence")));
  EXPECT_THAT(error_of({"confidence", 1.0, 1.5}),
              AllOf(HasSubstr("--threshold"), HasSubstr("1.5"), HasSubstr("0 to 1")));
  EXPECT_THAT(error_of({"confidence", 1.0, nan}), HasSubstr("--threshold"));
  EXPECT_THAT(error_of({"entropy", 1.0, -0.1}), HasSubstr("--threshold"));
  EXPECT_THAT(error_of({"margin", 1.0, -1.0}), HasSubstr("--threshold"));
  EXPECT_THAT(error_of({"stable", 1.0, 2.5}), AllOf(HasSubstr("--threshold"), HasSubstr("whole number")));
  EXPECT_THAT(error_of({"stable", 1.0, 0.0}), HasSubstr("--threshold"));
  EXPECT_THAT(error_of({"margin", 1.0, 1.0, {2.0, -3.0}}), AllOf(HasSubstr("--threshold"), HasSubstr("-3")));
  EXPECT_THAT(error_of({"stable", 1.0, 2.0, {1.0}}), HasSubstr("one threshold for all steps"));
  for (const double alpha : {0.0, -1.0, nan, std::numeric_limits<double>::infinity()}) {
    EXPECT_THAT(error_of({"confidence", alpha, 0.5}), HasSubstr("--alpha"));
  }
}

TEST(StopPolicy, NoSampleStopsBeforeTheReadout) {
  for (StopSettings settings : {StopSettings{"confidence", 1e6, 0.099}, StopSettings{"margin", 1.0, 0.0},
                                StopSettings{"entropy", 1.0, 1.0}, StopSettings{"stable", 1.0, 1.0}}) {
    const int before = exit_time(settings, 3, 12);
    settings.readout_delay = 5;
    EXPECT_LE(before, 5) << settings.policy;
    EXPECT_EQ(exit_time(settings, 3, 12), 6) << settings.policy;
  }
}

TEST(StopPolicy, StableCountsTheStepsBehindTheReadoutDelay) {
  StopSettings settings{"stable", 1.0, 3.0};
  settings.readout_delay = 4;
  const auto policy = make_stop_policy(settings);
  const std::vector<float> sum{0.0F, 1.0F};
  StopMemory memory;
  for (int t = 1; t <= 6; ++t) EXPECT_FALSE(policy.stop(sum, t, memory)) << t;
  EXPECT_TRUE(policy.stop(sum, 7, memory));
}

TEST(StopPolicy, RefusesAReadoutDelayThatIsNone) {
  for (const int delay : {-1, 1 << 21}) {
    StopSettings settings;
    settings.readout_delay = delay;
    EXPECT_THAT(error_of(settings), HasSubstr("--readout-delay"));
  }
}

}  // namespace
}  // namespace rheobase
