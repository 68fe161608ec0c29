#pragma once

#include <cstdint>
#include <limits>
#include <string>

#include "sim/graph/op_schema.h"

namespace rheobase {

/// What the numbers on a graph's edges are. float32: reals with a written order of sums
/// (docs/reference/graph.md). fixed: integers (docs/reference/arithmetic.md).
enum class Arithmetic { float32, fixed };
const char* to_string(Arithmetic arithmetic);

/// fixed where the Input node has the attribute `fraction_bits`.
Arithmetic arithmetic_of(const Graph& graph);

/// Largest magnitude of a weight of Conv2d and Linear, and of every other integer, in a fixed graph.
inline constexpr std::int32_t max_fixed_weight = 127;
inline constexpr std::int32_t max_fixed_value = std::numeric_limits<std::int32_t>::max();

/// What a node's tensor holds its values as: signs where the schema says so; in fixed arithmetic int8 for the
/// weights of Conv2d and Linear, and int32 for all else but what Input and Output have; else float32.
ValueType value_type(const OpSchema& schema, const TensorSpec& tensor, Arithmetic arithmetic);

/// Gives every tensor its value_type(). One with values that this type has not stays as it is: a fault of
/// check_arithmetic(), as validation finds.
void set_value_types(Graph& graph, const SchemaSet& schemas);

/// Appends a fault for every tensor that is not held as its value_type() or, in a fixed graph, has a value
/// that is too large, and for settings of one arithmetic in a graph of the other.
void check_arithmetic(const Graph& graph, const SchemaSet& schemas, Faults& faults);

}  // namespace rheobase
