#pragma once

#include "sim/graph/op_schema.h"

namespace rheobase {

/// Moves every max pool in front of the activation that it reads, where both may change places: a function of
/// single values that never decreases has max f(z) = f(max z). Goes through Concat into its branches. An
/// activation that others read stays for them, and the pool gets one of its own (node names:
/// `<pool>.<activation>`, `<pool>.<branch>`). The network computes the same.
void move_max_pools(Graph& graph, const SchemaSet& schemas);

/// Makes a CumulativeMaxPool2d of every MaxPool2d.
void cumulate_max_pools(Graph& graph);

}  // namespace rheobase
