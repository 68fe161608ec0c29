#pragma once

#include <vector>

#include "experiments/analysis/stop_scores.h"
#include "experiments/analysis/trace.h"

namespace rheobase {

/// One threshold for all steps and what it comes to.
struct FrontPoint {
  float bound = 0.0F;  ///< of the score, see StopScores
  Outcome outcome;
  float low =
      0.0F;  ///< the least bound with this outcome, which all bounds from the point before down to it have
};

/// The outcome of every threshold that can be told from another one on these samples, from never stopping to
/// always, mean_steps falling. The bounds lie between scores. O(N T log N T): a sample's exit moves only
/// where the threshold passes a score that no earlier step reached.
std::vector<FrontPoint> threshold_curve(const Trace& trace, const StopScores& scores);

/// What a bound comes to, in a whole threshold_curve().
const Outcome& outcome_at(const std::vector<FrontPoint>& curve, float bound);

/// The points that no other one beats in both accuracy and mean steps: both falling along the result.
std::vector<FrontPoint> pareto_front(std::vector<FrontPoint> points);

}  // namespace rheobase
