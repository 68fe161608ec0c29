#pragma once

#include <string>

namespace onnx {
class GraphProto;
}

namespace rheobase::onnx_import {

/// Straight-through estimators leave sums that add and subtract the same value, x + (sign(x) - x): forward
/// they are sign(x), whatever x is, and only the gradient tells them apart. Where the output depends on such
/// a sum and one or two terms stay, the node is rewritten to compute those alone: exact, where running the
/// file rounds. "The same value" is one value name, through Identity; nothing is guessed.
void cancel_sums(::onnx::GraphProto& graph, const std::string& output);

}  // namespace rheobase::onnx_import
