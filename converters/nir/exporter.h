#pragma once

#include <optional>
#include <string>

#include "sim/core/error.h"
#include "sim/graph/op_schema.h"

namespace rheobase {

struct NirExport {
  std::string source;        ///< names the network in errors
  std::string tool_version;  ///< goes to the file
  /// Length of a step in the unit of tau; none: 1e-4, or 1 where neurons fire several times a step.
  std::optional<double> dt{};
};

struct NirFileBytes {
  std::string bytes;
  Notes notes;  ///< what readers other than ours will not know of the network, one a kind
};

/// A float32 spiking network as a NIR file (docs/reference/nir.md). All that NIR cannot say is in HDF5
/// attributes, so that import_nir() gives the same graph. `schemas` are what the graph is validated against.
/// Equal graphs give equal bytes. Throws InputError with every node that has no NIR counterpart: activations,
/// binary layers, graded spikes, max pools, fixed arithmetic.
NirFileBytes nir_file_bytes(const Graph& graph, const SchemaSet& schemas, const NirExport& settings);

/// Writes them to `path`, the whole file or nothing, and returns the notes.
Notes export_nir(const Graph& graph, const SchemaSet& schemas, const NirExport& settings,
                 const std::string& path);

}  // namespace rheobase
