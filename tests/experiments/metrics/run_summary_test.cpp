#include "experiments/metrics/run_summary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rheobase {
namespace {

using testing::DoubleEq;
using testing::ElementsAre;

// Two classes, T = 4: sample 0 (label 1) is wrong at t = 1, right from t = 2 and ends at 3; sample 1 (label
// 0) is right at t = 1, wrong at 2 and from then on, and runs to the budget.
RunSummary two_samples() {
  RunSummary summary(4, {{"if1", 10}, {"if2", 2}});
  const std::vector<float> first{2.0F, 1.0F, 2.0F, 3.0F, 2.0F, 5.0F};
  const std::vector<std::uint64_t> first_spikes{15, 3};
  summary.add({0, 3, true, first, first_spikes, ~0ULL}, 1);
  const std::vector<float> second{1.0F, 0.0F, 0.0F, 1.0F, 0.0F, 1.0F, 0.0F, 2.0F};
  const std::vector<std::uint64_t> second_spikes{20, 4};
  summary.add({1, 4, false, second, second_spikes, 3}, 0);
  return summary;
}

TEST(RunSummary, ReadsEverySampleAtItsExitOrTheDeadline) {
  const RunSummary summary = two_samples();
  EXPECT_THAT(summary.accuracy_by_step(), ElementsAre(0.5, 0.5, 0.5, 0.5));
  EXPECT_EQ(summary.accuracy(), 0.5);
}

TEST(RunSummary, CountsExitsAndSteps) {
  const RunSummary summary = two_samples();
  EXPECT_THAT(summary.exit_histogram(), ElementsAre(0, 0, 1, 1));
  EXPECT_EQ(summary.mean_steps(), 3.5);
  EXPECT_EQ(summary.samples(), 2);
}

TEST(RunSummary, RatesArePerNeuronAndSimulatedStep) {
  EXPECT_THAT(two_samples().firing_rates(), ElementsAre(DoubleEq(35.0 / 70.0), DoubleEq(7.0 / 14.0)));
}

TEST(RunSummary, HashesAddModuloTwoToThe64) { EXPECT_EQ(two_samples().spike_hash(), 2U); }

TEST(RunSummary, WithoutSamplesEverythingIsZero) {
  const RunSummary summary(2, {});
  EXPECT_EQ(summary.accuracy(), 0.0);
  EXPECT_EQ(summary.mean_steps(), 0.0);
}

}  // namespace
}  // namespace rheobase
