#include "experiments/analysis/guarantee.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <utility>

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

// The sum as it is defined, term after term.
std::vector<double> tails_by_terms(std::int64_t counts, std::int64_t trials, double probability) {
  const auto n = static_cast<double>(trials);
  std::vector<double> tails;
  long double sum = 0.0L;
  for (std::int64_t k = 0; k < counts; ++k) {
    const auto x = static_cast<double>(k);
    sum += std::exp(std::lgamma(n + 1.0L) - std::lgamma(x + 1.0L) - std::lgamma(n - x + 1.0L) +
                    x * std::log(static_cast<long double>(probability)) +
                    (n - x) * std::log1p(-static_cast<long double>(probability)));
    tails.push_back(static_cast<double>(sum));
  }
  return tails;
}

// A threshold depends on the tail through these verdicts alone.
TEST(BinomialTail, DecidesAsTheSumOfItsTerms) {
  for (const std::int64_t trials : {10, 59, 250, 500, 1000, 2500, 5000, 10'000, 50'000}) {
    for (const double probability : {0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.3}) {
      const auto counts = std::min(trials, static_cast<std::int64_t>(2.0 * probability * trials) + 20);
      const std::vector<double> tails = tails_by_terms(counts, trials, probability);
      for (std::int64_t count = 0; count < counts; ++count) {
        const double tail = binomial_tail(count, trials, probability);
        ASSERT_NEAR(tail, tails[count], 1e-12) << count << " of " << trials << ", " << probability;
        for (const double confidence : {0.8, 0.9, 0.95, 0.99, 0.999}) {
          ASSERT_EQ(tail > 1.0 - confidence, tails[count] > 1.0 - confidence)
              << count << " of " << trials << ", " << probability << ", " << confidence;
        }
      }
    }
  }
}

TEST(Guarantee, NamesTheSamplesThatASingleTestNeeds) {
  const Guarantee guarantee{0.001, 0.95};
  const auto needed = static_cast<std::int64_t>(samples_needed(guarantee));
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

// Of all samples, the share that T steps read rightly and the rule wrongly: what is promised.
double share_lost(const Recording& population, const StopSettings& stop) {
  const Trace trace(population, "population");
  const std::vector<int> exits = exits_of(population, stop);
  std::int64_t lost = 0;
  for (std::int64_t i = 0; i < trace.samples(); ++i)
    lost += trace.correct(i, trace.steps()) && !trace.correct(i, exits[i]) ? 1 : 0;
  return static_cast<double>(lost) / static_cast<double>(trace.samples());
}

struct Kept {
  int broken = 0;      ///< calibrations whose rule loses more than the bound
  double saved = 0.0;  ///< share of the steps, on average
};

Kept keep_promises(const CalibrationOptions& options, int calibrations, std::int64_t samples) {
  constexpr int steps = 10;
  const Recording population = random_walks(40'000, steps, 77);
  const Trace trace(population, "population");
  Kept kept;
  for (int i = 0; i < calibrations; ++i) {
    const StopSettings stop = calibrate(random_walks(samples, steps, 1000 + i), "calibration", options).stop;
    kept.broken += share_lost(population, stop) > *options.goal.max_loss ? 1 : 0;
    kept.saved += 1.0 - outcome(trace, exits_of(population, stop)).mean_steps / steps;
  }
  kept.saved /= calibrations;
  return kept;
}

CalibrationOptions promising(const std::string& policy, std::vector<double> alphas) {
  CalibrationOptions options;
  options.policy = policy;
  options.alphas = std::move(alphas);
  options.goal.max_loss = 0.05;
  options.guarantee = 0.9;
  return options;
}

// Of 200 calibrations on fresh samples, no more than the promised tenth breaks the bound: more than 31 would
// come by chance once in 200 times. Choosing by the loss of the samples alone breaks it in about every
// second.
TEST(Guarantee, HoldsOnUnseenSamplesAsOftenAsPromised) {
  const Kept kept = keep_promises(promising("margin", {1.0}), 200, 500);
  EXPECT_LE(kept.broken, 31);
  EXPECT_GT(kept.saved, 0.05);  // and it is not kept by never stopping
}

TEST(Guarantee, HoldsWhereSomeSamplesChooseBeforeTheOthersTest) {
  const Kept kept = keep_promises(promising("confidence", {0.5, 2.0}), 60, 600);
  EXPECT_LE(kept.broken, 13);  // as above
  EXPECT_GT(kept.saved, 0.05);
}

// Classes that come in turn, one of them slow: neither part of a split may miss it.
TEST(Guarantee, HoldsForSamplesInAnOrder) {
  constexpr int steps = 10;
  CalibrationOptions options = promising("margin", {1.0});
  options.by_step = true;
  int broken = 0;
  for (int round = 0; round < 40; ++round) {
    Recording recording = random_walks(1000, steps, 5000 + round);
    for (std::int64_t i = 0; i < 1000; i += 5) {  // wrong until the last step, and as sure as the others
      for (int t = 1; t < steps; ++t) {
        float* const sum = &recording.logits[(i * steps + t - 1) * 5];
        std::swap(*std::max_element(sum, sum + 5), sum[(recording.labels[i] + 1) % 5]);
      }
    }
    broken += share_lost(recording, calibrate(recording, "calibration", options).stop) > 0.08 ? 1 : 0;
  }
  EXPECT_EQ(broken, 0);
}

}  // namespace
}  // namespace rheobase
