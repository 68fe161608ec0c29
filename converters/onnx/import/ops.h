#pragma once

#include <string>
#include <vector>

#include "converters/onnx/import/graph_builder.h"
#include "converters/onnx/proto/node_view.h"

namespace rheobase::onnx_import {

/// An ONNX node with at least one input that depends on the network's input.
struct Call {
  const NodeView& node;
  GraphBuilder& graph;

  bool has(std::size_t i) const;
  /// The value's name; NodeFault when the input is left out.
  const std::string& input(std::size_t i) const;
  bool is_activation(std::size_t i) const;
  ConstantPtr constant(std::size_t i) const;
  /// The same of a matrix or kernel: attention multiplies activations instead.
  ConstantPtr weight(std::size_t i) const;
  /// nullptr where the input is left out.
  ConstantPtr optional_constant(std::size_t i) const;
  /// The same activation with other extents; NodeFault where elements of different samples would mix.
  Activation view(const Activation& activation, Shape dims) const;
};

/// What the node's first output stands for. Throws NodeFault.
using Handler = Value (*)(const Call&);

/// nullptr where the op is not supported on activations.
Handler find_handler(const std::string& op);

Value import_conv(const Call& call);
/// The Conv at `call` with this weight and bias (nullptr: none).
Value convolution(const Call& call, const Constant& weight, const Constant* bias);
Value import_average_pool(const Call& call);
Value import_max_pool(const Call& call);
Value import_global_average_pool(const Call& call);
Value import_global_max_pool(const Call& call);
Value import_reduce_mean(const Call& call);

/// The Gemm or MatMul at `call` with this matrix and bias (nullptr: none).
Value linear(const Call& call, const Constant& matrix, const Constant* bias);
Value import_gemm(const Call& call);
Value import_matmul(const Call& call);
Value import_batch_normalization(const Call& call);

/// The sum of the activations at two inputs.
Value join(const Call& call, std::size_t first, std::size_t second);
Value import_add(const Call& call);
Value import_sub(const Call& call);
Value import_mul(const Call& call);
Value import_div(const Call& call);
Value import_min(const Call& call);
Value import_max(const Call& call);
Value import_clip(const Call& call);
Value import_relu(const Call& call);
Value import_floor(const Call& call);
Value import_round(const Call& call);
Value import_neg(const Call& call);

Value import_sign(const Call& call);
Value import_greater(const Call& call);
Value import_greater_or_equal(const Call& call);
Value import_less(const Call& call);
Value import_less_or_equal(const Call& call);
Value import_not(const Call& call);
Value import_where(const Call& call);
Value import_prelu(const Call& call);
Value import_leaky_relu(const Call& call);

Value import_identity(const Call& call);
Value import_cast(const Call& call);
Value import_dropout(const Call& call);
Value import_shape(const Call& call);
Value import_size(const Call& call);
Value import_flatten(const Call& call);
Value import_reshape(const Call& call);
Value import_squeeze(const Call& call);
Value import_unsqueeze(const Call& call);
Value import_transpose(const Call& call);
Value import_concat(const Call& call);
Value import_pad(const Call& call);
Value import_slice(const Call& call);
Value import_softmax(const Call& call);

Value import_bipolar_quant(const Call& call);
Value import_quant(const Call& call);
Value import_multi_threshold(const Call& call);

Value import_quantize_linear(const Call& call);
Value import_dequantize_linear(const Call& call);
Value import_qlinear_conv(const Call& call);
Value import_qlinear_matmul(const Call& call);
Value import_qgemm(const Call& call);
Value import_qlinear_add(const Call& call);
Value import_qlinear_average_pool(const Call& call);
Value import_qlinear_global_average_pool(const Call& call);

}  // namespace rheobase::onnx_import
