#include "converters/onnx/import/ops.h"

#include <fmt/format.h>

#include <array>
#include <utility>

namespace rheobase::onnx_import {
namespace {

constexpr auto handlers = std::to_array<std::pair<const char*, Handler>>({
    {"Add", import_add},
    {"AveragePool", import_average_pool},
    {"BatchNormalization", import_batch_normalization},
    {"Cast", import_cast},
    {"Clip", import_clip},
    {"Concat", import_concat},
    {"Conv", import_conv},
    {"DequantizeLinear", import_dequantize_linear},
    {"Div", import_div},
    {"Dropout", import_dropout},
    {"Flatten", import_flatten},
    {"Floor", import_floor},
    {"Gemm", import_gemm},
    {"GlobalAveragePool", import_global_average_pool},
    {"GlobalMaxPool", import_global_max_pool},
    {"Greater", import_greater},
    {"GreaterOrEqual", import_greater_or_equal},
    {"Identity", import_identity},
    {"LeakyRelu", import_leaky_relu},
    {"Less", import_less},
    {"LessOrEqual", import_less_or_equal},
    {"LogSoftmax", import_softmax},
    {"MatMul", import_matmul},
    {"Max", import_max},
    {"MaxPool", import_max_pool},
    {"Min", import_min},
    {"Mul", import_mul},
    {"Neg", import_neg},
    {"Not", import_not},
    {"PRelu", import_prelu},
    {"Pad", import_pad},
    {"QLinearConv", import_qlinear_conv},
    {"QLinearMatMul", import_qlinear_matmul},
    {"QuantizeLinear", import_quantize_linear},
    {"ReduceMean", import_reduce_mean},
    {"Relu", import_relu},
    {"Reshape", import_reshape},
    {"Round", import_round},
    {"Shape", import_shape},
    {"Sign", import_sign},
    {"Size", import_size},
    {"Slice", import_slice},
    {"Softmax", import_softmax},
    {"Squeeze", import_squeeze},
    {"Sub", import_sub},
    {"Transpose", import_transpose},
    {"Unsqueeze", import_unsqueeze},
    {"Where", import_where},
    {"com.microsoft:DequantizeLinear", import_dequantize_linear},
    {"com.microsoft:QGemm", import_qgemm},
    {"com.microsoft:QLinearAdd", import_qlinear_add},
    {"com.microsoft:QLinearAveragePool", import_qlinear_average_pool},
    {"com.microsoft:QLinearGlobalAveragePool", import_qlinear_global_average_pool},
    {"com.microsoft:QuantizeLinear", import_quantize_linear},
    {"qonnx:BipolarQuant", import_bipolar_quant},
    {"qonnx:IntQuant", import_quant},
    {"qonnx:MultiThreshold", import_multi_threshold},
    {"qonnx:Quant", import_quant},
});

}  // namespace

bool Call::has(std::size_t i) const { return i < node.inputs().size() && !node.inputs()[i].empty(); }

const std::string& Call::input(std::size_t i) const {
  if (!has(i)) throw NodeFault(fmt::format("input {} is missing", i));
  return node.inputs()[i];
}

bool Call::is_activation(std::size_t i) const {
  const Value* value = graph.find(input(i));
  return value != nullptr && std::holds_alternative<Activation>(*value);
}

ConstantPtr Call::constant(std::size_t i) const { return graph.constant(input(i)); }

ConstantPtr Call::weight(std::size_t i) const {
  graph.activation(input(0));  // names what is at fault
  if (!is_activation(i)) return constant(i);
  throw NodeFault(
      "multiplies activations with each other, as attention does; constant weights are supported");
}

ConstantPtr Call::optional_constant(std::size_t i) const { return has(i) ? constant(i) : nullptr; }

Activation Call::view(const Activation& activation, Shape dims) const {
  if (dims.empty() || dims[0] != graph.batch()) {
    throw NodeFault(fmt::format("turns {} into {}, which mixes the batch with other axes",
                                to_string(activation.dims), to_string(dims)));
  }
  Activation result = activation;
  result.dims = std::move(dims);
  result.view = node.label();
  return result;
}

Handler find_handler(const std::string& op) {
  for (const auto& [name, handler] : handlers) {
    if (op == name) return handler;
  }
  return nullptr;
}

}  // namespace rheobase::onnx_import
