#pragma once

#include <string>

namespace onnx {
class GraphProto;
}

namespace rheobase::onnx_import {

/// The value of the Softmax or LogSoftmax that `output` is, reshaped or as it is; empty where there is none,
/// or where something else reads it too.
std::string final_softmax(const ::onnx::GraphProto& graph, const std::string& output);

}  // namespace rheobase::onnx_import
