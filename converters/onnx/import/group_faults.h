#pragma once

#include "sim/graph/op_schema.h"

namespace rheobase::onnx_import {

/// One fault for each reason, in the order in which they come first: nodes with the same fault, give or take
/// names in quotes and numbers, are listed behind the first, a few by name and all by count.
Faults grouped(const Faults& faults);

}  // namespace rheobase::onnx_import
