#pragma once

#include <optional>
#include <string>

#include "converters/nir/file/nir_graph.h"
#include "converters/nir/importer.h"

namespace rheobase::nir {

/// What a framework means by a neuron. All but Sinabs take Euler's rule and reset to v_reset.
struct Dialect {
  enum class Start { zero, leak, reset };

  std::string name;
  double dt = 1e-4;
  Start start = Start::zero;  ///< the potential at t = 0
  bool at_threshold = false;  ///< fires at v >= v_threshold, else above it
  /// Sinabs: fires as often as thresholds fit into the potential, which loses them, and decays by exp(-dt /
  /// tau); an IF is bounded by -v_threshold below, and r counts for nothing.
  bool bursts = false;
};

/// The dialect asked for, or the one that the file's numbers speak for; appends what was chosen to `notes`,
/// and what the choice may have got wrong to `doubts`.
Dialect dialect_of(const NirGraph& graph, const NirOptions& options, Notes& notes, Notes& doubts);

/// What an IF takes of its input in a step: r where all such gains are 1, r dt where those are 1; nothing
/// where the convention cannot be told.
std::optional<double> if_gain(double r, double dt);

}  // namespace rheobase::nir
