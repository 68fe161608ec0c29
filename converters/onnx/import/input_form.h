#pragma once

#include <string>

#include "converters/onnx/import/evaluation_order.h"
#include "sim/graph/graph.h"

namespace rheobase::onnx_import {

/// Which of the input's extents, batch in front, are channels, as the ops that read it say.
enum class InputForm {
  channels_first,  ///< N x C x H x W, N x C x L, N x K
  channels_last,   ///< N x H x W x C, N x L x C
  gray             ///< N x H x W
};

/// Channels come last where everything that reads `input`, behind elementwise ops, moves the last axis to the
/// front or takes one channel apart; three axes that are reshaped are a gray image. Channels first otherwise.
InputForm input_form(const ::onnx::GraphProto& graph, const EvaluationOrder& order, const std::string& input,
                     const Shape& dims);

}  // namespace rheobase::onnx_import
