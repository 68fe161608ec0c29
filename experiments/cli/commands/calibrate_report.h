#pragma once

#include <string>

#include "experiments/analysis/calibrate.h"
#include "experiments/analysis/reliability.h"
#include "experiments/json/json.h"

namespace rheobase {

/// The `calibrate --json` object, schema 1.
Json calibration_json(const RecordingInfo& samples, const CalibrationOptions& options,
                      const Calibration& calibration);

/// The Pareto front, a few rows of it, and the rule chosen, for people.
std::string calibration_text(const RecordingInfo& samples, const CalibrationOptions& options,
                             const Calibration& calibration);

/// How far confidence is accuracy, step by step.
Json reliability_json(const std::vector<StepReliability>& rows);
std::string reliability_text(const std::vector<StepReliability>& rows, double alpha);

}  // namespace rheobase
