#pragma once

#include <optional>
#include <string>
#include <vector>

#include "experiments/simulation/simulation.h"

namespace rheobase {

/// What `rheobase run` was asked to do.
struct RunRequest {
  SimulationSpec simulation;
  bool calibration_samples = false;  ///< samples that a stored rule was calibrated on may come
  std::optional<std::string> record;
  std::optional<std::string> json;
  bool quiet = false;
};

/// Prints help and returns nothing on --help. Throws InputError on anything out of range.
std::optional<RunRequest> parse_run_request(const std::vector<std::string>& words);

}  // namespace rheobase
