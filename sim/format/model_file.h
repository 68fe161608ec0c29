#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/graph/graph.h"
#include "sim/graph/op_schema.h"
#include "sim/stop/stop_policy.h"

namespace rheobase {

/// Where a model came from.
struct Provenance {
  std::string tool_version;   ///< of the program that wrote the file
  std::string source;         ///< file name of what was converted, without its folder
  std::string source_sha256;  ///< 64 hex digits
  std::string conversion;     ///< `snn` or `ann`

  bool operator==(const Provenance&) const = default;
};

/// The samples that a stored stop rule was chosen on, and what else it holds for.
struct CalibrationSamples {
  std::string data;  ///< the data SPEC
  /// Of the files behind it, where an earlier version wrote no sample_hashes; else empty.
  std::string data_sha256;
  std::string split;         ///< `test` or `train`
  std::int64_t first = 0;    ///< index of the first one
  std::int64_t samples = 0;  ///< how many from there on, 1 or more
  std::int64_t steps = 0;    ///< the budget T of their recording, 1 or more
  /// `direct`, `poisson` or `events`; empty in files before version 5, with all below.
  std::string coding = {};
  std::string binning = {};              ///< of events: how they became steps; empty for other codings
  std::int64_t seed = 0;                 ///< of poisson coding
  std::string network_sha256 = {};       ///< of dump(graph): normalisation and arithmetic included
  std::optional<double> max_loss = {};   ///< in accuracy, what the rule keeps to on the samples
  std::optional<double> max_steps = {};  ///< or this many steps on average
  std::optional<double> guarantee = {};  ///< probability that max_loss holds for all samples drawn alike
  bool conditional = false;  ///< of the guarantee: it also holds among those stopped by every step
  std::vector<std::uint64_t> sample_hashes = {};  ///< ascending, one a sample; none where not known

  bool operator==(const CalibrationSamples&) const = default;
};

/// The samples that a network was trained on by `train`.
struct TrainingSamples {
  std::string data;                          ///< the data SPEC, split `train`
  std::vector<std::uint64_t> sample_hashes;  ///< ascending, one a sample, 1 or more

  bool operator==(const TrainingSamples&) const = default;
};

/// A network and what is needed to run it. Input normalisation is part of the graph (the Input node's
/// tensors).
struct Model {
  Graph graph;
  std::string arithmetic = "float32";             ///< or `fixed`, as the graph says (arithmetic_of)
  std::optional<StopSettings> stop;               ///< what `run --stop stored` uses
  std::optional<CalibrationSamples> calibration;  ///< where `stop` is from, if it was calibrated
  std::optional<TrainingSamples> training;        ///< where that is known
  Provenance provenance;

  bool operator==(const Model&) const = default;
};

/// Newest version of the layout; older ones are read, newer ones refused (docs/reference/model-file.md). A
/// file is written as the oldest version that can hold it: 1, for the integer tensors of a fixed model 2, for
/// a stop rule with early thresholds or its calibration samples 3, for tensors of -1 and 1 in single bits 4,
/// for what a rule was calibrated for or the hashes of samples 5, for a conditional guarantee 6, for a rule
/// that was calibrated on events 7, for a rule with a readout delay 8.
inline constexpr int model_file_version = 8;

/// The bytes of a model's file: the same for equal models. Throws InputError naming `path` for a model that
/// could not be read back.
std::string model_file_bytes(const Model& model, const std::string& path);

/// Writes the whole file or nothing. Throws InputError when the disk refuses, or a model that could not be
/// read back.
void write_model(const Model& model, const std::string& path);

/// Reads and validates. Throws InputError with every fault: not a model file, damaged (checksum), newer
/// version, missing or ill-typed entries, a graph that does not validate.
Model read_model(const std::string& path, const SchemaSet& schemas);

}  // namespace rheobase
