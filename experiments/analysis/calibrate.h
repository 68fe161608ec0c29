#pragma once

#include <optional>
#include <string>
#include <vector>

#include "experiments/analysis/bootstrap.h"
#include "experiments/analysis/conditional_guarantee.h"
#include "experiments/analysis/stop_scores.h"
#include "experiments/analysis/trace.h"
#include "sim/format/recording_file.h"
#include "sim/stop/stop_policy.h"

namespace rheobase {

/// What the chosen rule must keep to; exactly one of the two. A loss is in accuracy, against T steps.
struct CalibrationGoal {
  std::optional<double> max_loss;   ///< the fewest steps that lose at most this share of the samples
  std::optional<double> max_steps;  ///< the best accuracy in at most so many steps on average
};

struct CalibrationOptions {
  std::string policy = "confidence";
  std::vector<double> alphas = {1.0};  ///< to choose from, one or more
  bool by_step = false;                ///< a threshold for every step (StepBounds)
  CalibrationGoal goal;
  /// Risk control: max_loss holds for unseen samples with this probability (Guarantee). Where alpha or bounds
  /// are to be chosen too, that is done on a random fifth of the samples and the test on the others.
  std::optional<double> guarantee;
  /// The guarantee holds among the samples that stop by step t, for every t; a third of the samples chooses
  /// thresholds by step (conditional_guarantee.h).
  bool conditional = false;
};

/// A rule and what it comes to on the samples.
struct CalibrationPoint {
  StopSettings stop;
  Outcome outcome;
};

struct Calibration {
  StopSettings stop;
  Outcome chosen;                       ///< of `stop` on all samples
  Outcome full;                         ///< T steps for every sample
  OutcomeIntervals intervals;           ///< of `chosen`
  std::optional<MeanCost> chosen_cost;  ///< where the recording has step costs
  std::optional<MeanCost> full_cost;
  Outcome first_correct;  ///< upper bounds that need the labels, see trace.h
  Outcome stays_correct;
  std::vector<StoppedBy> stopped_by;    ///< step 1..T, with `stop` on all samples
  std::vector<CalibrationPoint> front;  ///< not beaten in both accuracy and steps; both falling
};

/// Alphas worth trying where the logits' scale is not known.
std::vector<double> default_alphas(const std::string& policy);

/// The Pareto front of a policy's rules under one alpha, whose scores these are; the goal plays no part.
std::vector<CalibrationPoint> stop_front(const Trace& trace, const StopScores& scores,
                                         const CalibrationOptions& options);

/// Chooses a rule on the samples of a recording that never stopped. Throws InputError naming `path` or the
/// option where the recording does not serve, or has too few samples for the guarantee.
Calibration calibrate(const Recording& recording, const std::string& path, const CalibrationOptions& options);

}  // namespace rheobase
