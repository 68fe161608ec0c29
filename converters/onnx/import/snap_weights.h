#pragma once

#include "sim/graph/graph.h"

namespace rheobase::onnx_import {

/// Binary weights that an exporter has folded are +-m of their output channel up to the rounding of the sums
/// they went through, (sign(w) m - clip(w)) + clip(w) for instance. Where the magnitudes of all weights of a
/// channel (the first axis) agree within a relative 1e-5, they become equal, the middle of their range.
void snap_binary_weights(Tensor& weight);

}  // namespace rheobase::onnx_import
