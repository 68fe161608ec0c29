#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/core/error.h"
#include "sim/graph/graph.h"

namespace rheobase {

/// How a NIR file is read: the format has neither steps nor all of what a neuron does in one.
struct NirOptions {
  /// Whose meaning (docs/reference/nir.md); auto: as far as the file tells, which rheobase's own do fully.
  std::string dialect = "auto";
  std::optional<double> dt{};  ///< length of a step in the unit of the file's tau; none: the dialect's
  bool strict = false;         ///< refuse what can mean different things
  /// What a spike does where the dialect's users may choose: zero, subtract, or delayed (subtract a step
  /// later); auto: what the framework's importer takes.
  std::string reset = "auto";
};

/// A spiking network read from a NIR file.
struct NirImport {
  Graph graph;
  bool fires_above = false;        ///< neurons fire above their threshold, not at it
  Notes notes;                     ///< the dialect, and where the file could mean something else
  std::vector<std::string> files;  ///< that were read
};

/// Reads a NIR file into a graph of spiking neurons; one that export_nir() wrote, and `options` ask nothing
/// else of, into the graph that it was. Throws InputError with every node that cannot be
/// imported: nodes of other kinds, cycles without a neuron, parameters that differ within a channel. The
/// graph is not yet validated.
NirImport import_nir(const std::string& path, const NirOptions& options);

/// The same of a file's contents; `source` names it in errors.
NirImport import_nir_bytes(const std::string& bytes, const std::string& source, const NirOptions& options);

/// Throw InputError naming the choices.
void check_nir_dialect(const std::string& name);
void check_nir_reset(const std::string& name);

}  // namespace rheobase
