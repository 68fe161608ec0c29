#pragma once

#include <cstdint>
#include <string>

namespace rheobase::onnx_import {

/// Where ONNX says a tensor's bytes are: a file beside the model.
struct ExternalLocation {
  std::string file;         ///< relative to the model's folder
  std::int64_t offset = 0;  ///< bytes
  std::int64_t length = 0;  ///< bytes
};

/// The bytes. Throws NodeFault when the path is absolute, leaves `folder` (by `..` or through a link), is not
/// a regular file, or ends before offset + length. Allocates only what the file holds.
std::string read_external(const std::string& folder, const ExternalLocation& location);

}  // namespace rheobase::onnx_import
