#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "experiments/analysis/guarantee.h"
#include "experiments/analysis/stop_scores.h"
#include "experiments/analysis/trace.h"

namespace rheobase {

// The guarantee that also holds among early stops: E[lost | exit <= t] <= max_loss for every t, where a
// sample is lost that is read rightly after T steps and wrongly at its exit (Ringel, Cohen, Freedman, Elad,
// Romano: Early Time Classification with Accumulated Accuracy Gap Control, ICML 2024).

/// Samples whose exit is at most t, and those of them that are lost.
struct StoppedBy {
  std::int64_t samples = 0;
  std::int64_t lost = 0;

  bool operator==(const StoppedBy&) const = default;
};

/// For t = 1..T. The last counts all samples; those that run to the end are not lost.
std::vector<StoppedBy> stopped_by(const Trace& trace, std::span<const int> exits);

/// The p-value of "for some t < T, more than max_loss of the samples stopped by t are lost": the largest over
/// t >= first of P(X <= lost), X binomial(samples stopped by t, max_loss). Given how many of them stopped by
/// t, samples drawn independently are lost independently and with the probability E[lost | exit <= t], so
/// each term is a p-value of its t; and since a rule that breaks the promise breaks it at some t, whose term
/// is no larger than the largest, the largest is a p-value of the whole (intersection-union test: Berger
/// 1982). Before `first` the rule cannot stop, so there is nothing to test; from `first` on a step by which
/// no sample stopped has the p-value 1, since nobody seen is no evidence about those to come. t = T is left
/// out: it follows from T - 1. 0 where the rule never stops, `first` >= T, which loses nothing.
double conditional_p_value(std::span<const StoppedBy> by_step, int first, double max_loss);

/// A rule with a threshold for every step from `first` on; before it the rule cannot stop.
struct RuleByStep {
  double alpha = 1.0;
  int first = 1;              ///< 1..T - 1
  std::vector<float> bounds;  ///< of the scores of steps 1..T - 1; of `stable`, the one for all

  bool operator==(const RuleByStep&) const = default;
};

/// The rules to test, strict ones first: what is likely to pass the test on `tested` other samples, then what
/// saves more steps and is less likely to. `scores` are by alpha. For every first step and for several shares
/// of max_loss the thresholds are chosen one step after the other, each the least one that keeps the share of
/// samples lost among those stopped so far; of these rules the Pareto front in p-value and mean steps remains
/// (Pareto testing: Laufer-Goldshtein, Fisch, Barzilay, Jaakkola, ICLR 2023). The sequence depends on these
/// samples, so others must test it.
std::vector<RuleByStep> conditional_sequence(const Trace& trace, const std::vector<StopScores>& scores,
                                             const std::vector<double>& alphas, const std::string& policy,
                                             const Guarantee& guarantee, std::int64_t tested);

/// That of `stable`, which depends on no sample: unchanged for T - 1, ..., 1 steps, counted behind the
/// readout delay.
std::vector<RuleByStep> conditional_sequence_of_stable(double alpha, int steps, int delay = 0);

}  // namespace rheobase
