#pragma once

#include <string>

namespace rheobase::onnx_import {

/// Why an op has no place in a graph, whatever it reads, and the way out: `op Loop is not supported: ...`.
std::string unsupported(const std::string& op);

/// The same for an op that is computed where it reads constants and has no form where it reads activations.
std::string unsupported_on_activations(const std::string& op);

}  // namespace rheobase::onnx_import
