#include "experiments/analysis/trace.h"

#include <gmock/gmock.h>

#include <cmath>

#include "sim/core/error.h"
#include "tests/experiments/analysis/random_walks.h"

namespace rheobase {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

// Right at the steps marked 1, of four.
Trace four_samples() {
  return {4,
          4,
          {0, 1, 1, 1,    // right from step 2 on
           0, 1, 0, 0,    // right once
           0, 0, 0, 0,    // never
           1, 0, 1, 1}};  // right, then wrong, then right
}

std::string refusal_of(const Recording& recording) {
  try {
    Trace(recording, "run.h5");
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

TEST(Trace, KnowsTheAnswerAfterEveryStep) {
  Recording recording = random_walks(50, 6);
  const Trace trace(recording, "run.h5");
  for (std::int64_t i = 0; i < 50; ++i) {
    for (int t = 1; t <= 6; ++t)
      EXPECT_EQ(trace.correct(i, t), argmax(recording.logits_at(i, t)) == recording.labels[i]);
  }
}

TEST(Trace, RefusesSamplesThatStoppedOrHaveNoLabel) {
  Recording recording = random_walks(50, 6);
  recording.info.first = 100;
  recording.exit_steps[7] = 3;
  recording.stopped[7] = 1;
  EXPECT_THAT(refusal_of(recording),
              AllOf(HasSubstr("run.h5"), HasSubstr("sample 107"), HasSubstr("3 of 6")));
  recording.exit_steps[7] = 6;
  recording.labels[8] = -1;
  EXPECT_THAT(refusal_of(recording), AllOf(HasSubstr("sample 108"), HasSubstr("no label")));
}

// As recordings of event cameras are.
TEST(Trace, ASampleThatIsOverBeforeTheBudgetKeepsItsAnswer) {
  Recording recording = random_walks(50, 6);
  const Trace whole(recording, "run.h5");
  recording.exit_steps[7] = 3;
  const Trace trace(recording, "run.h5");
  EXPECT_EQ(trace.exit_of(7, 2), 2);
  EXPECT_EQ(trace.exit_of(7, 5), 3);
  EXPECT_EQ(trace.exit_of(8, 5), 5);
  for (int t = 1; t <= 6; ++t) EXPECT_EQ(trace.correct(7, t), whole.correct(7, std::min(t, 3)));
  const std::vector<int> exits(50, 6);
  EXPECT_DOUBLE_EQ(outcome(trace, exits).mean_steps, (49 * 6 + 3) / 50.0);
  const std::vector<std::int64_t> some{8, 7};
  EXPECT_EQ(trace.of(some).exit_of(1, 6), 3);
}

TEST(Trace, AnOutcomeReadsEverySampleAtItsExit) {
  const std::vector<int> exits{2, 2, 4, 1};
  EXPECT_EQ(outcome(four_samples(), exits), (Outcome{0.75, 2.25}));
}

TEST(Trace, FirstCorrectCountsASampleThatIsRightOnce) {
  EXPECT_THAT(first_correct(four_samples()), ElementsAre(2, 2, 4, 1));
}

TEST(Trace, StaysCorrectWantsTheAnswerToLast) {
  EXPECT_THAT(stays_correct(four_samples()), ElementsAre(2, 4, 4, 3));
}

TEST(Trace, OraclesWaitForTheReadout) {
  const std::vector<std::uint8_t> correct{1, 0, 1, 1, 0, 0, 0, 1};
  const Trace trace(2, 4, correct, {}, 1);
  EXPECT_THAT(first_correct(trace), ElementsAre(3, 4));
  EXPECT_THAT(stays_correct(Trace(1, 4, {1, 1, 1, 1}, {}, 1)), ElementsAre(2));
}

TEST(Trace, OraclesBoundEveryRule) {
  const Recording recording = random_walks(300, 12);
  const Trace trace(recording, "run.h5");
  const Outcome best = outcome(trace, first_correct(trace));
  const Outcome lasting = outcome(trace, stays_correct(trace));
  EXPECT_EQ(lasting.accuracy, outcome(trace, std::vector<int>(300, 12)).accuracy);
  for (const double threshold : {0.2, 0.5, 1.0, 2.0}) {
    const Outcome rule = outcome(trace, exits_of(recording, {"margin", 1.0, threshold}));
    EXPECT_GE(best.accuracy, rule.accuracy);
  }
}

TEST(Trace, ExitsFollowThePolicyAndTheBudget) {
  const Recording recording = random_walks(100, 8);
  EXPECT_EQ(exits_of(recording, {"never"}), std::vector<int>(100, 8));
  EXPECT_EQ(exits_of(recording, {"stable", 1.0, 1.0}), std::vector<int>(100, 1));
  const std::vector<int> exits = exits_of(recording, {"margin", 1.0, 1.0});
  const auto policy = make_stop_policy({"margin", 1.0, 1.0});
  for (std::int64_t i = 0; i < 100; ++i) {
    StopMemory memory;
    for (int t = 1; t < exits[i]; ++t) EXPECT_FALSE(policy.stop(recording.logits_at(i, t), t, memory));
    EXPECT_TRUE(exits[i] == 8 || policy.stop(recording.logits_at(i, exits[i]), exits[i], memory));
  }
}

TEST(Trace, ACostIsThatOfTheStepsBeforeTheExit) {
  Recording recording = random_walks(2, 3);
  EXPECT_FALSE(mean_cost(recording, std::vector<int>{1, 1}));
  recording.info.step_costs = true;
  recording.step_costs = {{1, 10, 100}, {2, 20, 200},    {4, 40, 400},
                          {8, 80, 800}, {16, 160, 1600}, {32, 320, 3200}};
  const auto cost = mean_cost(recording, std::vector<int>{2, 3});
  EXPECT_EQ(cost->spikes, (1 + 2 + 8 + 16 + 32) / 2.0);
  EXPECT_EQ(cost->acs, 10 * cost->spikes);
  EXPECT_EQ(cost->macs, 100 * cost->spikes);
}

// The published demo of Dynamic Confidence (ResNet-18, T = 27): 10,000 samples whose exits have the histogram
// of its log end, for every deadline, after the mean latency that the log prints.
TEST(Trace, TheDeadlineCurveIsThatOfThePublishedDemo) {
  const std::vector<std::int64_t> exits_from_7{12,  382, 2670, 2996, 1348, 632, 407, 273, 197, 149,
                                               121, 97,  81,   66,   66,   33,  44,  30,  37,  21};
  const std::vector<double> latency_from_7{7,       7.9988,  8.9594,  9.653,   10.047,  10.3062, 10.5022,
                                           10.6575, 10.7855, 10.8938, 10.9872, 11.0685, 11.1401, 11.2036,
                                           11.2605, 11.3108, 11.3578, 11.4004, 11.44,   11.4759, 11.5097};
  std::vector<int> exits;
  for (int i = 0; i < static_cast<int>(exits_from_7.size()); ++i)
    exits.insert(exits.end(), exits_from_7[i], 7 + i);
  exits.resize(10'000, 27);  // never sure
  const Trace trace(10'000, 27, std::vector<std::uint8_t>(270'000, 1));
  const std::vector<Outcome> curve = deadline_curve(trace, exits);
  for (int deadline = 1; deadline < 7; ++deadline) EXPECT_EQ(curve[deadline - 1].mean_steps, deadline);
  for (int deadline = 7; deadline <= 27; ++deadline)
    EXPECT_NEAR(curve[deadline - 1].mean_steps, latency_from_7[deadline - 7], 0.0025) << deadline;
}

}  // namespace
}  // namespace rheobase
