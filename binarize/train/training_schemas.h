#pragma once

#include "sim/graph/op_schema.h"

namespace rheobase {

/// What a training network's graph may use: the structural ops but Affine and Concat, the neurons ReLU, QCFS
/// (one lambda) and Sign, and the ops that exist in training only (docs/reference/training.md): BinaryConv2d,
/// BinaryLinear, BatchNorm, PReLU.
SchemaSet training_schemas();

}  // namespace rheobase
