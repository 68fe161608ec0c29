#pragma once

// What a model's stored stop rule was calibrated for, against what a run does.

#include <span>
#include <string>
#include <vector>

#include "experiments/data/sample_hash.h"
#include "sim/format/model_file.h"
#include "sim/format/recording_file.h"

namespace rheobase {

/// A run that differs from the calibration of the rule it uses.
struct RuleDifference {
  std::string condition;   ///< `coding`, `binning`, `steps`, `network`
  std::string calibrated;  ///< as it was; empty where the file does not say
  std::string used;        ///< as it is in this run

  bool operator==(const RuleDifference&) const = default;
};

/// SHA-256 of everything the network computes from: its nodes, tensors, normalisation and arithmetic.
std::string graph_sha256(const Graph& graph);

/// What a recording says of the samples and conditions of a rule that is chosen on it, for this network.
CalibrationSamples calibration_of(const RecordingInfo& info, const Graph& graph);

/// `to lose at most 1 points with 95 % confidence`: what the rule was asked to keep to. Empty where the file
/// does not say.
std::string goal_text(const CalibrationSamples& from);

/// Everything a rule depends on that is not as it was calibrated. Poisson coding's seed is not among it: a
/// rule holds for all draws of spikes. What an older file does not say is taken to be direct coding.
/// `binning` is that of events, empty for images.
std::vector<RuleDifference> rule_differences(const Model& model, const std::string& coding, int steps,
                                             const std::string& binning = "");

/// `calibrated for direct coding, used with poisson; ...`
std::string differences_text(const std::vector<RuleDifference>& differences);

/// Throws InputError with every difference and the way out.
void refuse_differences(const std::vector<RuleDifference>& differences, const std::string& model);

/// What is to be said of a stored rule whose file does not say all of this.
Notes notes_of_older_rule(const Model& model);

/// Those of a run's samples that its rule was chosen on. Where the file has no hashes, as older ones, they
/// are known by the bytes of their files, `data_sha256`.
SampleOverlap calibration_overlap(const CalibrationSamples& from, const RecordingInfo& run,
                                  const std::string& data_sha256);

/// Throws InputError where they are too many to judge the rule on (is_too_much).
void refuse_calibration_samples(const CalibrationSamples& from, const RecordingInfo& run,
                                const SampleOverlap& overlap);

/// `12 of the 10000 samples are among those ...`, or nothing.
Notes overlap_notes(const SampleOverlap& overlap, std::int64_t samples, const std::string& among);

}  // namespace rheobase
