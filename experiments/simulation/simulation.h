#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "experiments/data/data_set.h"
#include "experiments/metrics/neurobench.h"
#include "experiments/simulation/stored_rule.h"
#include "sim/engine/engine.h"
#include "sim/engine/runner.h"
#include "sim/format/model_file.h"
#include "sim/format/recording_file.h"
#include "sim/stop/stop_policy.h"

namespace rheobase {

/// Which samples to run through which model, and how. Absent numbers have defaults that depend on the model
/// or the data.
struct SimulationSpec {
  std::string model;  ///< file
  std::string data;   ///< SPEC
  std::string split;  ///< `test` or `train`
  std::int64_t offset = 0;
  std::optional<std::int64_t> limit;  ///< 1 or more; all that are left by default
  /// The budget T, 1 or more; by default that of a stored rule's calibration, else of events the steps of the
  /// longest sample, else 32, and 1 for an ANN.
  std::optional<int> steps;
  std::optional<StopSettings> stop;  ///< none: what the model stores
  bool beyond_calibration = false;   ///< a stored rule may be used for what it was not calibrated for
  std::optional<int> lookahead;      ///< by default 8, and 1 under a stop rule
  std::string coding;                ///< its name; empty: what the data are for (default_coding)
  EngineOptions engine;              ///< but for lookahead and coding
};

/// A model, samples that fit it and an engine, ready to run.
class Simulation {
 public:
  /// Reads the model and the data. Throws InputError naming what does not exist or does not fit.
  Simulation(const SimulationSpec& spec, const Registry& registry);

  const Model& model() const { return model_; }
  Engine& engine() { return *engine_; }
  const RunOptions& options() const { return options_; }  ///< T and the samples
  int slots() const { return engine_->slots(); }          ///< those asked for, but no more than samples
  const StopSettings& stop() const { return stop_; }
  const DataInfo& data() const { return data_->info(); }
  /// Where a stored rule is used beyond its calibration.
  const std::vector<RuleDifference>& differences() const { return differences_; }
  /// What is unlikely about the samples for this model; of the data set's file.
  const Notes& notes() const { return notes_; }

  /// What a recording says of this simulation, but for `tool_version`. Reads all its samples for their
  /// hashes.
  RecordingInfo recording_info() const;

  /// Simulates every sample; `finished` sees each, with its label, in order of finishing. Returns the seconds
  /// it took.
  double run(const std::function<void(const SampleResult&, int label)>& finished);

  /// Operations and activations of all samples so far.
  const NeuroBench& metrics() const { return *metrics_; }

 private:
  SimulationSpec spec_;
  Model model_;
  StopSettings stop_;
  std::vector<RuleDifference> differences_;
  std::unique_ptr<DataSet> data_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<NeuroBench> metrics_;
  RunOptions options_;
  Notes notes_;
};

/// `result` as a recording keeps it; valid as long as `result`.
SampleRecord record_of(const SampleResult& result, int label);

/// Throws InputError naming `model` for a network without spiking layers, which has no steps to choose from.
void expect_spiking(std::size_t spiking_layers, const std::string& model);

/// SHA-256 of a model's file as it is without a stop rule: what a recording was made with, whatever is
/// calibrated later.
std::string network_sha256(Model model, const std::string& path);

/// Runs to the end and keeps every sample's logits by step in memory.
Recording record_all(Simulation& simulation, const std::function<void()>& advance);

}  // namespace rheobase
