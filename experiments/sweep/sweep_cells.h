#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "experiments/simulation/simulation.h"
#include "experiments/sweep/sweep_spec.h"

namespace rheobase {

/// How the network of a cell becomes a spiking one, as `convert` spells it.
struct CellConversion {
  std::string method = "auto";
  std::optional<std::int64_t> levels{};
  std::string threshold = "auto";
  std::string calibrate = "none";

  bool operator==(const CellConversion&) const = default;
};

/// One simulation of a sweep.
struct SweepCell {
  std::string model;  ///< as the spec names it
  std::string data;
  std::string arithmetic;  ///< asked for; of a model file its own, found when it is read
  std::string coding;
  std::string shown = {};  ///< the model for people: its file name, or its path where two have the same name
  CellConversion conversion = {};  ///< of .onnx models
  int readout_delay = 0;           ///< steps before the logits begin to add up

  std::string name() const;  ///< for people
};

std::string shown_model(const std::string& model, const SweepSpec& spec);

/// The ways in which an .onnx model of a spec is converted: levels are of methods that have them.
std::vector<CellConversion> conversions_of(const SweepSpec& spec);

/// Models by data by arithmetic by conversion by coding by readout delay, in that order; a model file counts
/// once, whatever the arithmetics and conversions. sigma-delta networks have no readout delay.
std::vector<SweepCell> sweep_cells(const SweepSpec& spec);

/// What fixes a cell's results, as text: the model by its SHA-256, the samples by what was read of them,
/// those of the calibration too, how it is converted, steps, coding, readout delay and the program's version.
/// Equal keys, equal recordings.
std::string cell_key(const SweepCell& cell, const SweepSpec& spec, const std::string& tool_version);

}  // namespace rheobase
