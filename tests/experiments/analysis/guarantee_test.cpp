#include "experiments/analysis/guarantee.h"

#include <gtest/gtest.h>

#include <cmath>

#include "experiments/analysis/calibrate.h"
#include "experiments/analysis/stop_scores.h"
#include "sim/core/rng.h"
#include "tests/experiments/analysis/random_walks.h"

namespace rheobase {
namespace {

TEST(BinomialTail, AgreesWithSumsByHand) {
  EXPECT_NEAR(binomial_tail(0, 10, 0.1), std::pow(0.9, 10), 1e-14);
  EXPECT_NEAR(binomial_tail(1, 4, 0.5), 5.0 / 16, 1e-14);
  EXPECT_NEAR(binomial_tail(2, 3, 0.25), 1.0 - 1.0 / 64, 1e-14);
  EXPECT_EQ(binomial_tail(7, 7, 0.3), 1.0);
}

TEST(BinomialTail, KeepsItsDigitsFarFromTheMean) {
  // 2^-20000 is no double; the median of binomial(20000, 1/2) is 10000.
  EXPECT_NEAR(binomial_tail(10'000, 20'000, 0.5), 0.5 + 0.5 * 0.00564189, 1e-6);
  EXPECT_EQ(binomial_tail(0, 20'000, 0.5), 0.0);
}

TEST(Guarantee, NamesTheSamplesThatASingleTestNeeds) {
  const Guarantee guarantee{0.001, 0.95};
  const std::int64_t needed = samples_needed(guarantee);
  EXPECT_LE(binomial_tail(0, needed, 0.001), 0.05);
  EXPECT_GT(binomial_tail(0, needed - 1, 0.001), 0.05);
}

TEST(Guarantee, TheFirstRuleThatFailsEndsTheSequence) {
  // All right at step 2, and a share of them at step 1 too.
  constexpr int n = 1000;
  std::vector<std::uint8_t> correct(2 * n, 1);
  const Trace trace(n, 2, correct);
  std::vector<std::uint8_t> lossy = correct;
  for (int i = 0; i < 100; ++i) lossy[2 * i] = 0;
  const Trace loses(n, 2, lossy);
  const auto exits = [](std::int64_t rule) { return std::vector<int>(n, rule == 1 ? 1 : 2); };
  EXPECT_EQ(guaranteed_prefix(trace, 3, {0.05, 0.95}, exits), 3);
  EXPECT_EQ(guaranteed_prefix(loses, 3, {0.05, 0.95}, exits), 1);  // rule 2 loses nothing, but comes too late
  EXPECT_EQ(guaranteed_prefix(loses, 3, {0.13, 0.95}, exits), 3);
}

TEST(Guarantee, SequencesRunFromNeverToLax) {
  for (const char* policy : {"confidence", "margin", "entropy", "stable"}) {
    const std::vector<float> bounds = bound_sequence(policy, 20);
    EXPECT_EQ(bounds.front(), never_bound) << policy;
    for (std::size_t i = 1; i < bounds.size(); ++i) EXPECT_LT(bounds[i], bounds[i - 1]) << policy;
  }
}

// Of 200 calibrations on fresh samples, no more than the promised share loses more than the bound on a large
// population. With 10 % allowed, more than 31 of 200 would come by chance once in 200 times.
TEST(Guarantee, HoldsOnUnseenSamplesAsOftenAsPromised) {
  constexpr int steps = 10;
  const Recording population = random_walks(20'000, steps, 77);
  const Trace unseen(population, "population");
  const double full = outcome(unseen, std::vector<int>(20'000, steps)).accuracy;
  CalibrationOptions options;
  options.policy = "margin";
  options.goal.max_loss = 0.03;
  options.guarantee = 0.9;
  int violated = 0;
  double saved = 0.0;
  for (int split = 0; split < 200; ++split) {
    const Calibration calibration = calibrate(random_walks(400, steps, 1000 + split), "calibration", options);
    const Outcome result = outcome(unseen, exits_of(population, calibration.stop));
    violated += full - result.accuracy > 0.03 ? 1 : 0;
    saved += 1.0 - result.mean_steps / steps;
  }
  EXPECT_LE(violated, 31);
  EXPECT_GT(saved / 200, 0.05);  // and it is not kept by never stopping
}

}  // namespace
}  // namespace rheobase
