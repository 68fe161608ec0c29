#pragma once

#include <map>
#include <string>
#include <vector>

#include "sim/graph/op_schema.h"

namespace rheobase {

/// The shape each node produces.
using ShapeMap = std::map<std::string, Shape>;

struct Validation {
  Faults faults;    ///< empty when the graph is sound
  ShapeMap shapes;  ///< of every node whose inputs are sound
};

/// Checks names, arity, settings, tensors (sizes, finite values), shapes, cycles, the single Input and
/// Output, and that every node is used. Reports every fault at once: a fault hides only those of the nodes
/// behind it.
Validation validate(const Graph& graph, const SchemaSet& schemas);

/// Throws InputError with all faults; `source` names the file or object at fault.
ShapeMap validate_or_throw(const Graph& graph, const SchemaSet& schemas, const std::string& source);

}  // namespace rheobase
