#include "converters/nir/import/own_graph.h"

#include <fmt/format.h>

#include <map>

#include "converters/nir/export/encode.h"
#include "converters/nir/export/records.h"
#include "neurons/schemas.h"
#include "sim/core/error.h"
#include "sim/graph/structural_ops.h"
#include "sim/graph/validate.h"

namespace rheobase::nir {
namespace {

constexpr const char* way_out = "'--dialect nir' reads it by NIR's meaning alone";

std::int64_t numbers_in(const NirGraph& file) {
  std::int64_t count = 0;
  for (const NirNode& node : file.nodes) {
    for (const auto& [name, value] : node.parameters) count += static_cast<std::int64_t>(value.size());
  }
  return count;
}

template <class T>
T own_value(const NirGraph& file, const char* name, T otherwise) {
  const auto found = file.own.find(name);
  if (found == file.own.end()) return otherwise;
  const T* value = std::get_if<T>(&found->second);
  return value == nullptr ? otherwise : *value;
}

// Where the node of the file is another than the one that the attributes make.
std::string difference(const NirNode& found, const NirNode& made) {
  if (found.type != made.type) return fmt::format("is a {}, its attributes say {}", found.type, made.type);
  for (const auto& [name, value] : made.parameters) {
    const Value* other = found.find(name);
    if (other == nullptr || !(*other == value))
      return fmt::format("has another {} than its attributes say", name);
  }
  return found.parameters.size() == made.parameters.size() ? ""
                                                           : "has parameters that its attributes do not say";
}

// Faults for all that the file has otherwise.
void compare(const NirGraph& file, const NirGraph& made, Faults& faults) {
  std::map<std::string, const NirNode*> nodes;
  for (const NirNode& node : file.nodes) nodes[node.name] = &node;
  for (const NirNode& node : made.nodes) {
    const auto found = nodes.find(node.name);
    const std::string what = found == nodes.end() ? "is missing" : difference(*found->second, node);
    if (!what.empty()) faults.push_back({node.name, what});
  }
  if (faults.empty() && file.nodes.size() != made.nodes.size())
    faults.push_back({"nodes", "has some that its attributes do not say"});
  if (faults.empty() && file.weights != made.weights)
    faults.push_back({own_weights, "are others than its attributes say"});
  if (faults.empty() && file.edges != made.edges)
    faults.push_back({"edges", "are others than its attributes say"});
}

}  // namespace

bool is_own(const NirGraph& file) { return file.own.contains("format"); }

Fault own_note(const NirGraph& file, bool left_aside) {
  const auto version = own_value<std::string>(file, "tool_version", "?");
  if (left_aside)
    return {"dialect",
            fmt::format("rheobase {} wrote the file, and what it says of it beyond NIR is left aside: "
                        "without --dialect, --reset and --dt it counts",
                        version)};
  return {"dialect", fmt::format("was written by rheobase {}, and is the network that it was", version)};
}

Graph own_graph(const NirGraph& file, const std::string& source) {
  const auto format = own_value<std::int64_t>(file, "format", 0);
  if (format != own_format)
    throw InputError(source, "rheobase.format",
                     fmt::format("is {}, this version knows {}: {}", format, own_format, way_out));
  SchemaSet schemas;
  add_structural_schemas(schemas);
  add_neuron_schemas(schemas);
  Faults faults;
  Graph graph = graph_of_records(file, schemas, faults);
  throw_if_any(source, faults);
  const ShapeMap shapes = validate_or_throw(graph, schemas, source);
  check_encodable(graph, schemas, source);
  EncodeSettings settings{own_value<double>(file, "dt", 0.0), {}, numbers_in(file)};
  compare(file, encode(graph, schemas, shapes, settings, source), faults);
  if (!faults.empty()) faults.push_back({"", std::string("was changed since rheobase wrote it: ") + way_out});
  throw_if_any(source, faults);
  return graph;
}

}  // namespace rheobase::nir
