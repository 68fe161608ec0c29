#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "converters/nir/file/nir_graph.h"
#include "converters/nir/importer.h"

namespace rheobase::nir {

/// What a framework means by a neuron.
struct Dialect {
  enum class Start : std::uint8_t { zero, leak, reset };
  /// Whose neurons they are: by Euler's rule, or as a framework's own importer makes them
  /// (import_exponential.cpp).
  enum class Rule : std::uint8_t { euler, lava, sinabs, rockpool, nengo };
  /// What a spike does to the potential: v_reset; minus v_threshold; the same in the next step, after the
  /// decay.
  enum class Reset : std::uint8_t { zero, subtract, delayed };

  std::string name;
  double dt = 1e-4;
  Start start = Start::zero;  ///< the potential at t = 0
  bool at_threshold = false;  ///< fires at v >= v_threshold, else above it
  Rule rule = Rule::euler;
  Reset reset = Reset::zero;
  bool resets_as_asked = true;  ///< its users may train with other resets, which files do not say
  /// Steps have a length of their own where the framework's importer finds it in each neuron.
  bool has_dt = true;

  /// Fires as often as thresholds fit into the potential, which loses them.
  bool bursts() const { return rule == Rule::sinabs || rule == Rule::rockpool; }
};

/// By its name; nullptr for another, and for auto.
const Dialect* find_dialect(const std::string& name);
/// The same of a name that is there.
const Dialect& named_dialect(const std::string& name);

/// The dialect asked for, or the one that the file's numbers speak for; appends what was chosen to `notes`,
/// and what the choice may have got wrong to `doubts`. Throws InputError for a reset that it does not have.
Dialect dialect_of(const NirGraph& graph, const NirOptions& options, Notes& notes, Notes& doubts);

/// The dialect that the numbers of a file speak for with steps of `dt`, or of its own where there is none;
/// what else they could mean goes to `doubts`.
const Dialect& guess_dialect(const NirGraph& graph, std::optional<double> dt, bool reset_given,
                             Notes& doubts);

/// What an IF takes of its input in a step: r where all such gains are 1, r dt where those are 1; nothing
/// where the convention cannot be told.
std::optional<double> if_gain(double r, double dt);

bool is_one(double value);

}  // namespace rheobase::nir
