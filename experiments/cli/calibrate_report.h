#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "experiments/analysis/calibrate.h"

namespace rheobase {

/// The `calibrate --json` object, schema 1.
nlohmann::ordered_json calibration_json(const RecordingInfo& samples, const CalibrationOptions& options,
                                        const Calibration& calibration);

/// The Pareto front, a few rows of it, and the rule chosen, for people.
std::string calibration_text(const RecordingInfo& samples, const CalibrationOptions& options,
                             const Calibration& calibration);

}  // namespace rheobase
