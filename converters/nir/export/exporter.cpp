#include "converters/nir/exporter.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "converters/nir/export/encode.h"
#include "converters/nir/export/file_writer.h"
#include "converters/nir/export/losses.h"
#include "sim/core/file.h"

namespace rheobase {
namespace {

double default_dt(const Graph& graph, const SchemaSet& schemas) {
  const bool bursts = std::any_of(graph.nodes.begin(), graph.nodes.end(),
                                  [&](const Node& node) { return schemas.of(node).emits_counts; });
  return bursts ? 1.0 : 1e-4;
}

}  // namespace

NirFileBytes nir_file_bytes(const Graph& graph, const SchemaSet& schemas, const NirExport& settings) {
  if (settings.dt && !(*settings.dt > 0 && std::isfinite(*settings.dt)))
    throw InputError("--dt", fmt::format("{}", *settings.dt), "expected more than 0");
  const ShapeMap shapes = validate_or_throw(graph, schemas, settings.source);
  nir::check_encodable(graph, schemas, settings.source);
  const nir::EncodeSettings encoding{settings.dt.value_or(default_dt(graph, schemas)), settings.tool_version};
  const nir::NirGraph encoded = nir::encode(graph, schemas, shapes, encoding, settings.source);
  return {nir::nir_bytes(encoded), nir::losses(graph, schemas, encoded)};
}

Notes export_nir(const Graph& graph, const SchemaSet& schemas, const NirExport& settings,
                 const std::string& path) {
  NirFileBytes file = nir_file_bytes(graph, schemas, settings);
  write_file(path, file.bytes);
  return std::move(file.notes);
}

}  // namespace rheobase
