#pragma once

#include <string>

#include "experiments/json/json.h"
#include "sim/stop/stop_policy.h"

namespace rheobase {

/// `margin, alpha 1, threshold 20`; early thresholds stand before it, the first few of them.
std::string stop_text(const StopSettings& stop);

/// {policy, alpha, threshold} and, where there are any, early_thresholds and readout_delay.
Json stop_json(const StopSettings& stop);

}  // namespace rheobase
