#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "experiments/analysis/trace.h"

namespace rheobase {

/// P(X <= count) for X binomial(trials, probability); count >= 0, trials >= 1.
double binomial_tail(std::int64_t count, std::int64_t trials, double probability);

/// A promise about samples not seen: with probability `confidence` over the draw of the calibration samples,
/// at most a share `max_loss` of all samples is read rightly after T steps and wrongly at the exit. The
/// accuracy lost is at most that. It holds for any network and distribution when both kinds of samples are
/// drawn alike (Learn then Test: Angelopoulos, Bates, Candes, Jordan, Lei 2021; fixed-sequence testing).
struct Guarantee {
  double max_loss = 0.0;    ///< between 0 and 1
  double confidence = 0.0;  ///< between 0 and 1
};

/// How many of `rules`, in their order, have a p-value of at most 1 - confidence up to the first that has
/// not. With the order fixed before, the probability that any of these breaks its promise is at most 1 -
/// confidence, however many there are: the first of the sequence that does would have to pass its own test.
std::int64_t passing_prefix(std::int64_t rules, double confidence,
                            const std::function<double(std::int64_t rule)>& p_value);

/// How many of `rules`, given by their exits from strict to lax, may be used under the guarantee: each one of
/// them is tested, and the first that fails ends the sequence. The last that passed is the one to take. The
/// rules and their order must not depend on these samples.
std::int64_t guaranteed_prefix(const Trace& trace, std::int64_t rules, const Guarantee& guarantee,
                               const std::function<std::vector<int>(std::int64_t rule)>& exits_of_rule);

/// The least number of samples that can pass a test at all, a whole number: none of them lost.
double samples_needed(const Guarantee& guarantee);

/// Bounds that depend on nothing but the policy and T, from never stopping to always: the sequence to test.
std::vector<float> bound_sequence(const std::string& policy, int steps);

}  // namespace rheobase
