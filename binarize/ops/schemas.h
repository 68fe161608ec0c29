#pragma once

#include "sim/graph/op_schema.h"

namespace rheobase {

/// BinaryConv2d and BinaryLinear: Conv2d and Linear whose weights are +-1 and whose inputs are bits, with
/// what is done to the sums (docs/reference/binary.md).
void add_binary_schemas(SchemaSet& schemas);

}  // namespace rheobase
