#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "sim/core/cost.h"
#include "sim/stop/stop_policy.h"

namespace rheobase {

/// Version of the layout written; older ones are read, newer ones refused (docs/reference/recording.md).
/// A recording is written as the oldest version that can hold it: 1, under a stop rule with early thresholds
/// 2, with the costs of steps 3, with those of synapses 4, with the hashes of samples 5, of events or with
/// samples of their own lengths 6, with a readout delay 7.
inline constexpr int recording_file_version = 7;

/// A layer whose spikes are counted.
struct RecordedLayer {
  std::string name;
  std::int64_t neurons = 0;

  bool operator==(const RecordedLayer&) const = default;
};

/// A layer of synapses whose operations are counted.
struct RecordedSynapse {
  std::string name;
  std::int64_t dense = 0;  ///< operations of one step if every input and weight were non-zero

  bool operator==(const RecordedSynapse&) const = default;
};

/// What was run, and how. `first`, `samples`, `steps`, `classes` and `layers` fix the sizes of the recording.
struct RecordingInfo {
  std::string tool_version;
  std::string model;         ///< file name, without its folder
  std::string model_sha256;  ///< of the model's file as it is without a stop rule
  std::string data;          ///< the data SPEC as given
  std::string split;
  std::string device;
  std::string arithmetic;
  std::string coding;
  std::int64_t seed = 0;
  StopSettings stop;
  std::int64_t first = 0;    ///< index of the first sample in the data set
  std::int64_t samples = 0;  ///< N, 1 or more
  std::int64_t steps = 0;    ///< the budget T, 1 or more
  std::int64_t classes = 0;  ///< K, 1 or more
  std::vector<RecordedLayer> layers;
  bool step_costs = false;  ///< the cost of every step is recorded
  /// Of the files behind `data` (as in CalibrationSamples); kept with step costs where there are no hashes.
  std::string data_sha256 = {};
  std::vector<RecordedSynapse> synapses = {};  ///< what each took of every sample is recorded
  /// Which samples these are, whatever the data are called: one each in their order, or none (not known).
  std::vector<std::uint64_t> sample_hashes = {};
  std::string binning = {};  ///< of event data: how events became steps; empty for others
  double step_ms = 0.0;      ///< of event data: how long a step is, in milliseconds; 0: not known

  bool operator==(const RecordingInfo&) const = default;
};

/// One finished sample. The spans need to live during add() only.
struct SampleRecord {
  std::int64_t sample = 0;                      ///< index in the data set: first .. first + samples - 1
  std::int64_t label = -1;                      ///< -1 where unknown
  std::int64_t steps = 0;                       ///< exit time, 1 .. T
  bool stopped = false;                         ///< by the policy, before the budget or the sample ran out
  std::span<const float> logits_by_step;        ///< [steps][K], accumulated
  std::span<const std::uint64_t> spike_counts;  ///< one a layer, over all its steps
  std::span<const StepCost> step_costs = {};    ///< [steps] where RecordingInfo::step_costs, else none
  std::span<const SynapseCost> synapse_costs = {};  ///< one each of RecordingInfo::synapses, over all steps
};

/// Writes a recording as samples finish, in any order; the file is the same for every order. Samples are kept
/// until all earlier blocks of about a mebibyte are full, then compressed. The compressed file is in memory
/// until commit().
class RecordingWriter {
 public:
  /// Throws InputError when the folder cannot be written to or a text of `info` holds a NUL character, and
  /// InternalError when a size is out of range.
  RecordingWriter(const std::string& path, const RecordingInfo& info);
  /// Without commit() nothing is left behind.
  ~RecordingWriter();

  /// Throws InternalError for a sample that is out of range, comes twice or has spans of another length.
  void add(const SampleRecord& record);
  /// Finishes the file. Throws InternalError when a sample is missing, InputError when the disk refuses.
  void commit();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// A whole recording. Row i is sample info.first + i.
struct Recording {
  RecordingInfo info;
  std::vector<std::int64_t> labels;         ///< [N]
  std::vector<std::int64_t> exit_steps;     ///< [N]
  std::vector<std::uint8_t> stopped;        ///< [N], 0 or 1
  std::vector<float> logits;                ///< [N][T][K], accumulated; NaN after the exit
  std::vector<std::uint64_t> spike_counts;  ///< [N][layers]
  std::vector<StepCost> step_costs;         ///< [N][T], 0 after the exit; empty unless info.step_costs
  std::vector<SynapseCost> synapse_costs;   ///< [N][synapses], up to the exit

  /// The K logits of a row after step t = 1 .. exit_steps[row]; of a sample that was over by then, and was
  /// not stopped, those after its last step.
  std::span<const float> logits_at(std::int64_t row, std::int64_t t) const;
  /// A row as a writer takes it.
  SampleRecord record(std::int64_t row) const;
};

/// Reads and checks. Throws InputError with every fault: not a recording, damaged (checksum), newer version,
/// missing or ill-typed entries, numbers out of range.
Recording read_recording(const std::string& path);

}  // namespace rheobase
