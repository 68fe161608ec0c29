#pragma once

#include <string>
#include <vector>

#include "experiments/simulation/simulation.h"
#include "experiments/sweep/sweep_spec.h"

namespace rheobase {

/// One simulation of a sweep.
struct SweepCell {
  std::string model;  ///< as the spec names it
  std::string data;
  std::string arithmetic;  ///< asked for; of a model file its own, found when it is read
  std::string coding;
  std::string shown = {};  ///< the model for people: its file name, or its path where two have the same name

  std::string name() const;  ///< for people
};

std::string shown_model(const std::string& model, const SweepSpec& spec);

/// Models by data by arithmetic by coding, in that order; a model file counts once, whatever the arithmetics.
std::vector<SweepCell> sweep_cells(const SweepSpec& spec);

/// What fixes a cell's results, as text: the model by its SHA-256, the samples by what was read of them,
/// steps, coding and the program's version. Equal keys, equal recordings.
std::string cell_key(const SweepCell& cell, const SweepSpec& spec, const std::string& tool_version);

}  // namespace rheobase
