#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/engine/engine.h"
#include "sim/format/model_file.h"
#include "sim/stop/stop_policy.h"

namespace rheobase {

/// What `rheobase run` was asked to do. Absent numbers have defaults that depend on the model or the data.
struct RunRequest {
  std::string model;
  std::string data;
  std::string split;
  std::int64_t offset = 0;
  std::optional<std::int64_t> limit;  ///< 1 or more; all that are left by default
  std::optional<int> steps;           ///< 1 or more
  std::optional<StopSettings> stop;   ///< none: what the model stores
  std::optional<int> lookahead;
  std::string coding;
  EngineOptions engine;  ///< but for lookahead
  std::optional<std::string> record;
  std::optional<std::string> json;
  bool quiet = false;
};

/// Prints help and returns nothing on --help. Throws InputError on anything out of range.
std::optional<RunRequest> parse_run_request(const std::vector<std::string>& words);

}  // namespace rheobase
