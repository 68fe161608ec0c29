#pragma once

#include <vector>

#include "converters/onnx/activation/elementwise.h"
#include "sim/graph/graph.h"

namespace rheobase::onnx_import {

/// The nodes that compute `form`, each reading the one before it; the first one's input is left empty. Their
/// names are what is to be appended to the form's label.
std::vector<Node> nodes_of(const Form& form);

}  // namespace rheobase::onnx_import
