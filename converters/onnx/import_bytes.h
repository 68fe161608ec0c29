#pragma once

#include <string>
#include <string_view>

#include "sim/graph/graph.h"

namespace rheobase::onnx_import {

/// import_onnx() on a file's contents: `source` names it in errors, `folder` holds its external data.
Graph import_onnx_bytes(std::string_view bytes, const std::string& source, const std::string& folder);

}  // namespace rheobase::onnx_import
