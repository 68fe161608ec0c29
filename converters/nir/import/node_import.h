#pragma once

#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "converters/nir/file/nir_graph.h"
#include "converters/nir/import/dialect.h"
#include "sim/graph/graph.h"
#include "sim/graph/op_schema.h"

namespace rheobase::nir {

/// A node that cannot be imported; what() is the reason.
class NodeFault : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A graph that grows node by node, each with its shape. A node of NIR may become several of ours, which are
/// called after it.
class GraphMaker {
 public:
  GraphMaker();

  /// Adds a node behind node.inputs under a free name like `wanted` and returns that. Throws NodeFault where
  /// it does not fit its inputs.
  std::string emit(const std::string& wanted, Node node);
  const Shape& shape(const std::string& node) const { return shapes_.at(node); }
  /// Whether a node emits spikes.
  bool spikes(const std::string& node) const;
  Graph take() { return std::move(graph_); }

 private:
  SchemaSet schemas_;
  Graph graph_;
  std::map<std::string, Shape> shapes_;
};

/// Imports one node that reads `input` (empty for Input) and returns which node of ours has its values.
/// Throws NodeFault.
std::string import_node(const NirNode& node, const std::string& input, const Dialect& dialect,
                        GraphMaker& maker, Notes& notes);

// Of the handlers in import_neurons.cpp and import_layers.cpp.
bool is_neuron(const std::string& type);
std::string import_neuron(const NirNode& node, const std::string& input, const Dialect& dialect,
                          GraphMaker& maker);

/// The numbers of a parameter as reals; one of text or that is missing is a NodeFault.
std::vector<double> numbers_of(const NirNode& node, const std::string& parameter);
/// One number, or one a channel of `shape`. Throws NodeFault where they differ within a channel or do not
/// fit.
std::vector<double> per_channel(const NirNode& node, const std::string& parameter, const Shape& shape);
/// {1} or {C}; throws NodeFault for what float32 does not hold.
Tensor tensor_of(const std::vector<double>& values);

}  // namespace rheobase::nir
