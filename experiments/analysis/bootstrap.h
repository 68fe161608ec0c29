#pragma once

#include <cstdint>
#include <span>

#include "experiments/analysis/trace.h"

namespace rheobase {

/// The middle 95 % of a number under resampling.
struct Interval {
  double low = 0.0;
  double high = 0.0;
};

/// How far the figures of a rule would move with other samples from the same source, its thresholds kept.
struct OutcomeIntervals {
  Interval accuracy;
  Interval mean_steps;
  Interval loss;  ///< accuracy after T steps minus that at the exits, on the same samples
};

/// Percentile bootstrap over samples (Efron 1979), `rounds` resamples; a pure function of its arguments.
OutcomeIntervals bootstrap(const Trace& trace, std::span<const int> exits, int rounds = 1000,
                           std::uint64_t seed = 0);

}  // namespace rheobase
