#pragma once

#include <string>

#include "sim/graph/graph.h"

namespace rheobase {

/// Reads an ONNX file (opsets 9 to 21 of the default domain, external data beside the file included) into a
/// graph: constants are folded, BatchNormalization becomes Affine, QCFS activations written as elementwise
/// arithmetic and the forms of sign are recognised, a batch dimension is dropped. Ops and limits:
/// docs/reference/onnx.md. Throws InputError with every node that cannot be imported and what is supported.
/// The graph is not yet validated.
Graph import_onnx(const std::string& path);

}  // namespace rheobase
