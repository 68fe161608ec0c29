#pragma once

#include <string>
#include <vector>

#include "experiments/analysis/bootstrap.h"
#include "experiments/analysis/trace.h"
#include "experiments/sweep/sweep_spec.h"

namespace rheobase {

/// One row of a sweep's results: a rule under a budget, and what it comes to on the cell's samples.
struct SweepPoint {
  int budget = 0;      ///< T
  std::string policy;  ///< never (fixed time), a stop policy, or the oracles first_correct and stays_correct
  bool by_step = false;
  StopSettings stop;  ///< of a stop policy
  Outcome outcome;
  OutcomeIntervals intervals;
  MeanCost cost;                             ///< per sample
  std::vector<std::int64_t> exit_histogram;  ///< [T], samples that end after t steps
  std::vector<double> deadline_accuracy;     ///< [T], every sample read at min(its exit, d)
};

/// Every point of a recorded cell: the fixed times 1..T, both oracles, and all policies, for every budget up
/// to the recording's. Of a front `most_points` at most, spread along it, the cheapest of
/// small losses among them.
std::vector<SweepPoint> sweep_points(const Recording& recording, const std::string& path,
                                     const SweepSpec& spec, std::size_t most_points = 40);

/// The first `steps` steps of a recording that ran to the end.
Recording cut_to(const Recording& recording, int steps);

}  // namespace rheobase
