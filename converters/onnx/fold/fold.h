#pragma once

#include <span>
#include <string>

#include "converters/onnx/fold/constant.h"
#include "converters/onnx/proto/node_view.h"

namespace rheobase::onnx_import {

/// A node all of whose inputs are known. An optional input that is left out is nullptr.
struct FoldCall {
  const NodeView& node;
  std::span<const ConstantPtr> inputs;
  FoldBudget& budget;
  const std::string& folder;  ///< of the model, for external data

  /// NodeFault when the input is left out.
  const Constant& input(std::size_t i) const;
  const Constant* optional_input(std::size_t i) const;
};

using Fold = Constant (*)(const FoldCall&);

/// The function that computes `op` on constants; nullptr where folding does not know it. These are the ops
/// with which exporters compute paddings and shapes, and arithmetic on weights.
Fold find_fold(const std::string& op);

/// Tables of the parts.
Fold find_shape_fold(const std::string& op);
Fold find_arithmetic_fold(const std::string& op);
Fold find_reduce_fold(const std::string& op);
Fold find_quantized_fold(const std::string& op);

}  // namespace rheobase::onnx_import
