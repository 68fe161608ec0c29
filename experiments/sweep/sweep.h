#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "experiments/simulation/conversion.h"
#include "experiments/sweep/sweep_cells.h"
#include "experiments/sweep/sweep_points.h"
#include "sim/op/registry.h"

namespace rheobase {

/// How to run a sweep; none of it changes results.
struct SweepOptions {
  std::string folder;  ///< of all results, held by a SweepFolder
  std::string tool_version;
  EngineOptions engine;  ///< device, slots, threads
  /// Called with what is about to run and how many samples it has.
  std::function<void(const std::string& cell, std::int64_t samples)> begin_cell = [](const std::string&,
                                                                                     std::int64_t) {};
  std::function<void()> advance = [] {};  ///< a sample is done
  /// Of the samples that a conversion looks at (ConversionSamples::begin).
  std::function<std::function<void()>(const std::string& what, std::int64_t samples)> begin_samples =
      [](const std::string&, std::int64_t) { return [] {}; };
  /// Called with what there is to say of a file that was read.
  std::function<void(const std::string& file, const Notes&)> note = [](const std::string&, const Notes&) {};
};

/// What became of a cell.
struct CellResult {
  SweepCell cell;
  std::string key;
  std::string recording;  ///< file within the folder; empty where the cell failed
  bool reused = false;    ///< the recording was there
  std::string error;      ///< why it failed
  std::vector<SweepPoint> points;
};

/// The simulation behind a cell's recording. A converted model lies beside the recording.
SimulationSpec cell_simulation(const SweepCell& cell, const SweepSpec& spec, const SweepOptions& options,
                               const std::string& recording);

/// The conversion of an .onnx cell, with the samples of the calibration. `registry` must outlive it. Throws
/// InputError where they cannot be opened.
ConversionSpec cell_conversion(const SweepCell& cell, const SweepSpec& spec, const Registry& registry,
                               const SweepOptions& options);

/// Runs every cell whose recording is not there yet, and reads all points. A recording appears under its key
/// whole or not at all, so a sweep that was killed goes on where it stopped, and ends with the same results.
/// A recording that is damaged is made again; a cell that fails does not stop the others. Writes spec.toml
/// unless the spec was read from there, manifest.json, results.csv and results.h5 (docs/reference/sweep.md).
std::vector<CellResult> run_sweep(const SweepSpec& spec, const Registry& registry,
                                  const SweepOptions& options);

/// What a sweep left in its folder: its cells, with all points read from the recordings again; a cell whose
/// recording is missing or changed has failed. Throws InputError where the sweep has not ended.
std::vector<CellResult> load_sweep(const SweepSpec& spec, const std::string& folder);
/// The spec of the sweep in a folder.
SweepSpec load_sweep_spec(const std::string& folder);

}  // namespace rheobase
