#pragma once

#include <string>
#include <vector>

#include "experiments/analysis/stop_scores.h"

namespace rheobase {

/// How the evidence asked for changes with the step: a factor for each of t = 1..T, 1 where most is asked.
/// Evidence is the margin for `margin`, and -ln of 1 - confidence or of the entropy for the other two; it
/// grows alike.
///
///   factor(t) = (1 - e^(-t / rise)) min(1, (T + 1 - t) / (fall T))
///
/// At first steps logits are small and margins mean more; towards the deadline waiting has little left to
/// bring (in models of decisions: collapsing bounds). Two numbers shape T thresholds, so they hardly fit
/// chance.
struct StepShape {
  double rise = 0.0;  ///< in steps; 0: no rise
  double fall = 0.0;  ///< share of T; 0: no fall

  double factor(int t, int steps) const;
  bool operator==(const StepShape&) const = default;
};

/// The shapes tried, the constant one first.
std::vector<StepShape> step_shapes();

/// The evidence of every score divided by its step's factor: one bound for all steps of it is a bound for
/// each of the scores. For `margin`, `confidence` and `entropy`.
StopScores shaped(const StopScores& scores, const std::string& policy, const StepShape& shape);

/// The bounds on the scores of steps 1..T - 1 that `bound` on the shaped ones comes to.
std::vector<float> bounds_of(float bound, const std::string& policy, const StepShape& shape, int steps);

}  // namespace rheobase
