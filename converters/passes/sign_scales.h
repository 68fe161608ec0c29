#pragma once

#include "sim/graph/graph.h"

namespace rheobase {

/// Removes every Affine that multiplies a Sign by one number, where nothing but Conv2d and Linear reads it,
/// at once or through Flatten, Pad and Slice: their weights take the factor. Exact for -1 and powers of two.
void fold_sign_scales(Graph& graph);

}  // namespace rheobase
