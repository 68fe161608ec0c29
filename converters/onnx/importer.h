#pragma once

#include <string>
#include <vector>

#include "sim/core/error.h"
#include "sim/graph/graph.h"

namespace rheobase {

/// A network read from an ONNX file.
struct OnnxImport {
  Graph graph;
  Notes notes;                     ///< where the graph does not do what the file says to the letter
  std::vector<std::string> signs;  ///< Sign nodes that are 0 at 0 in the file
  std::vector<std::string> files;  ///< that were read: the file itself and its external data
};

/// Reads an ONNX file (opsets 9 to 24 of the default domain, external data beside the file included) into a
/// graph: constants are folded, BatchNormalization becomes Affine, QCFS activations written as elementwise
/// arithmetic and the forms of sign are recognised, a batch dimension is dropped. Ops and limits:
/// docs/reference/onnx.md. Throws InputError with every node that cannot be imported and what is supported.
/// The graph is not yet validated.
OnnxImport import_onnx(const std::string& path);

/// The files beside an ONNX file that hold the bytes of its tensors.
std::vector<std::string> onnx_external_files(const std::string& path);

}  // namespace rheobase
