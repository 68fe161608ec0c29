#pragma once

#include <optional>
#include <string>
#include <vector>

#include "experiments/json/json.h"
#include "experiments/metrics/neurobench.h"
#include "experiments/metrics/run_summary.h"
#include "experiments/simulation/stored_rule.h"
#include "sim/engine/engine.h"
#include "sim/stop/stop_policy.h"

namespace rheobase {

/// What was run, and what it cost; with the RunSummary all that reports need.
struct RunReport {
  std::string model;  ///< path as given
  std::string model_sha256;
  std::string data;  ///< SPEC as given
  std::string split;
  std::string device;
  std::string arithmetic;
  int steps = 0;
  double step_ms = 0.0;  ///< of recordings: how long a step is; 0: not known
  int slots = 0;
  int threads = 0;
  int lookahead = 1;
  StopSettings stop;
  std::vector<RuleDifference> beyond_calibration;   ///< of a stored rule
  std::optional<CalibrationSamples> calibration;    ///< of a stored rule with a guarantee that holds here
  std::optional<std::int64_t> calibration_overlap;  ///< samples that the rule was calibrated on
  std::optional<std::int64_t> training_overlap;  ///< samples that the network was trained on; none: not known
  bool hash = false;
  std::uint64_t footprint_bytes = 0;
  double connection_sparsity = 0.0;
  double activation_sparsity = 0.0;
  SynapticOperations operations;
  std::vector<SynapseUse> synapses;
  double seconds = 0.0;  ///< of the simulation, without reading the model
  std::uint64_t peak_memory_bytes = 0;
};

/// The `run --json` object, schema 1.
Json run_json(const RunReport& report, const RunSummary& summary);

/// Tables for people.
std::string run_text(const RunReport& report, const RunSummary& summary);

}  // namespace rheobase
