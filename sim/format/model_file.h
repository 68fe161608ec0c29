#pragma once

#include <optional>
#include <string>

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

/// A network and what is needed to run it. Input normalisation is part of the graph (the Input node's
/// tensors).
struct Model {
  Graph graph;
  std::string arithmetic = "float32";  ///< or `fixed`, as the graph says (arithmetic_of)
  std::optional<StopSettings> stop;    ///< what `run --stop stored` uses
  Provenance provenance;

  bool operator==(const Model&) const = default;
};

/// Newest version of the layout; older ones are read, newer ones refused (docs/reference/model-file.md). A
/// float32 model is written as version 1, a fixed one, whose tensors are integers, as version 2.
inline constexpr int model_file_version = 2;

/// Writes the whole file or nothing. Throws InputError when the disk refuses, or a model that could not be
/// read back.
void write_model(const Model& model, const std::string& path);

/// Reads and validates. Throws InputError with every fault: not a model file, damaged (checksum), newer
/// version, missing or ill-typed entries, a graph that does not validate.
Model read_model(const std::string& path, const SchemaSet& schemas);

}  // namespace rheobase
