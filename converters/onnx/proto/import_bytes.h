#pragma once

#include <string>
#include <string_view>

#include "converters/onnx/importer.h"

namespace rheobase::onnx_import {

/// import_onnx() on a file's contents: `source` names it in errors, `folder` holds its external data. The
/// files of the result are the external ones.
OnnxImport import_onnx_bytes(std::string_view bytes, const std::string& source, const std::string& folder);

}  // namespace rheobase::onnx_import
