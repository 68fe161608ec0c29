#pragma once

#include <cstdint>
#include <string>

#include "sim/graph/op_schema.h"

namespace rheobase {

struct OnnxExport {
  std::string source;                     ///< names the network in errors
  std::string tool_version;               ///< goes to the file
  std::int64_t most_bytes = 0x7fff'ffff;  ///< of the file: protobuf's limit
};

/// A float32 network of one step as an ONNX file of opset 17 (docs/reference/onnx.md): input N x C x H x W or
/// N x K before normalisation, N symbolic; output N x K logits. `schemas` are what the graph is
/// validated against. Equal graphs give equal bytes. Throws InputError with every node that has no ONNX
/// counterpart: spiking neurons, fixed arithmetic, ops that are not known; and when the weights do not fit.
std::string onnx_file_bytes(const Graph& graph, const SchemaSet& schemas, const OnnxExport& settings);

/// Writes them to `path`, the whole file or nothing.
void export_onnx(const Graph& graph, const SchemaSet& schemas, const OnnxExport& settings,
                 const std::string& path);

}  // namespace rheobase
