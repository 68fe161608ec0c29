#pragma once

#include "sim/op/registry.h"

namespace rheobase {

/// Adds BinaryConv2d and BinaryLinear: schemas, reference and cpu kernels of both arithmetics.
void register_binary_ops(Registry& registry);

}  // namespace rheobase
