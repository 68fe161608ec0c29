#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "sim/core/error.h"
#include "sim/core/shape.h"

namespace rheobase::nir {

/// A node's parameter as the file has it, row-major; no extents for a scalar. Reals are finite.
struct Value {
  Shape shape;
  std::variant<std::vector<double>, std::vector<std::int64_t>, std::vector<std::string>> values;

  std::size_t size() const;
  bool is_text() const { return values.index() == 2; }
  bool operator==(const Value&) const = default;
};

/// What an HDF5 attribute of ours holds beside the nodes, where no NIR reader looks.
using OwnValue =
    std::variant<std::int64_t, double, std::string, std::vector<std::int64_t>, std::vector<double>>;
using Own = std::map<std::string, OwnValue>;

/// Such attributes are called `rheobase.NAME`; Own has NAME.
inline constexpr const char* own_prefix = "rheobase.";
/// Beside `/node`, where no NIR reader looks either: NirGraph::weights, as datasets.
inline constexpr const char* own_weights = "rheobase.weights";

struct NirNode {
  std::string name;  ///< of a node in a nested graph `GRAPH/NODE`
  /// As in the file; `through` for what a nested graph calls its Input and Output: it passes its input on.
  std::string type;
  std::map<std::string, Value> parameters;
  Own own;

  const Value* find(const std::string& parameter) const;
  bool operator==(const NirNode&) const = default;
};

/// From a node to a node, by their names.
using Edge = std::pair<std::string, std::string>;

/// The nodes and edges of a NIR file; nested graphs are part of the one around them. Every edge is of nodes
/// that are there, and none is there twice.
struct NirGraph {
  std::string version;  ///< of the `nir` package that wrote it, if the file says so
  std::vector<NirNode> nodes;
  std::vector<Edge> edges;  ///< in the order of the file
  Own own;                  ///< of the whole file
  /// By node, weights of ours where the file's also hold what the spikes that they meet are worth.
  std::map<std::string, Value> weights;
  Notes notes;  ///< what is odd in the file, though it can be read

  const NirNode* find(const std::string& name) const;
};

}  // namespace rheobase::nir
