#pragma once

#include <string>

#include "sim/graph/op_schema.h"

namespace rheobase {

/// What the numbers on a graph's edges are. float32: reals with a written order of sums
/// (docs/reference/graph.md). fixed: integers (docs/reference/arithmetic.md).
enum class Arithmetic { float32, fixed };
const char* to_string(Arithmetic arithmetic);

/// fixed where the Input node has the attribute `fraction_bits`.
Arithmetic arithmetic_of(const Graph& graph);

/// Largest magnitude of a weight of Conv2d and Linear, and of every other tensor value, in a fixed graph.
inline constexpr float max_fixed_weight = 127.0F;
inline constexpr float max_fixed_value = 1 << 24;

/// Appends a fault for every tensor of a fixed graph that holds a value that is no integer or too large, and
/// for settings of one arithmetic in a graph of the other.
void check_arithmetic(const Graph& graph, const SchemaSet& schemas, Faults& faults);

}  // namespace rheobase
