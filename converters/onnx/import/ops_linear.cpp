#include <fmt/format.h>

#include <cmath>

#include "converters/onnx/fold/shape_math.h"
#include "converters/onnx/import/ops.h"
#include "converters/onnx/import/snap_weights.h"

namespace rheobase::onnx_import {
namespace {

/// A matrix as Linear stores it, one row an output and its columns in the order of the node that `layout` is
/// a view of; ONNX's B is {inputs, outputs} unless transposed.
Tensor linear_weight(const Constant& matrix, const Layout& layout, bool is_transposed, double factor) {
  if (matrix.shape.size() != 2) {
    throw NodeFault(fmt::format("has a matrix of shape {}, expected rank 2", to_string(matrix.shape)));
  }
  const Reals source = reals_of(matrix);
  const auto rows = static_cast<std::size_t>(matrix.shape[is_transposed ? 0 : 1]);
  const auto columns = static_cast<std::size_t>(matrix.shape[is_transposed ? 1 : 0]);
  const bool is_plain = layout.is_plain();
  if (!is_plain && element_count(layout.factors) != static_cast<std::int64_t>(columns)) {
    throw NodeFault(fmt::format("has a matrix of shape {} for {} inputs", to_string(matrix.shape),
                                element_count(layout.factors)));
  }
  const Integers to = is_plain ? Integers() : node_indices(layout);
  Reals values(source.size());
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t column = 0; column < columns; ++column) {
      const std::size_t from = is_transposed ? row * columns + column : column * rows + row;
      const std::size_t at = is_plain ? column : static_cast<std::size_t>(to[column]);
      values[row * columns + at] = factor * source[from];
    }
  }
  Tensor weight{{static_cast<std::int64_t>(rows), static_cast<std::int64_t>(columns)},
                to_floats(values, "the matrix")};
  snap_binary_weights(weight);
  return weight;
}

/// Gemm's C: one number, or one an output, whatever axes of extent 1 stand around it.
Tensor linear_bias(const Constant& bias, std::int64_t outputs, double factor) {
  const Shape extents = squeezed(bias.shape, nullptr);
  const bool trailing = bias.shape.empty() || bias.shape.back() == bias.size();
  if (bias.size() != 1 && (extents != Shape{outputs} || !trailing)) {
    throw NodeFault(fmt::format("has a bias of shape {} for {} outputs", to_string(bias.shape), outputs));
  }
  const Reals source = reals_of(bias);
  Reals values(static_cast<std::size_t>(outputs));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = factor * source[source.size() == 1 ? 0 : i];
  return {{outputs}, to_floats(values, "the bias")};
}

}  // namespace

Value import_gemm(const Call& call) {
  call.graph.activation(call.input(0));  // what is wrong with it is said first
  return linear(call, *call.weight(1), call.optional_constant(2).get());
}

Value import_matmul(const Call& call) {
  call.graph.activation(call.input(0));
  return linear(call, *call.weight(1), nullptr);
}

// The attributes have their defaults in MatMul, which has none.
Value linear(const Call& call, const Constant& matrix, const Constant* bias) {
  const Activation input = call.graph.vector(call.input(0));
  if (call.node.integer("transA", 0) != 0) throw NodeFault("transposes the activations (transA)");
  Node node{"", "Linear", {input.node}, {}, {}};
  const bool is_transposed = call.node.integer("transB", 0) != 0;
  node.tensors["weight"] = linear_weight(matrix, input.layout, is_transposed, call.node.real("alpha", 1));
  const std::int64_t outputs = node.tensors["weight"].shape[0];
  if (bias != nullptr) {
    node.tensors["bias"] = linear_bias(*bias, outputs, call.node.real("beta", 1));
  }
  return call.graph.emit(call.node.label(), std::move(node));
}

Value import_batch_normalization(const Call& call) {
  const Activation input = call.graph.sample(call.input(0));
  if (call.node.integer("training_mode", 0) != 0) throw NodeFault("is in training mode; export in eval mode");
  const std::int64_t channels = input.dims.size() > 1 ? input.dims[1] : 1;
  if (channels > 1 && input.channel_axis() != 1) {
    throw NodeFault(
        fmt::format("takes channels at axis 1, where {} has other axes; export the model with "
                    "channels first",
                    to_string(input.dims)));
  }
  const auto parameter = [&](std::size_t i, const char* what) {
    const ConstantPtr constant = call.constant(i);
    if (constant->shape == Shape{channels}) return input.in_channel_order(reals_of(*constant));
    throw NodeFault(fmt::format("{} has shape {}, expected {}", what, to_string(constant->shape), channels));
  };
  const Reals gamma = parameter(1, "the scale");
  const Reals beta = parameter(2, "the bias");
  const Reals mean = parameter(3, "the mean");
  const Reals variance = parameter(4, "the variance");
  const double epsilon = call.node.real("epsilon", 1e-5);
  Reals scale(gamma.size());
  Reals shift(gamma.size());
  for (std::size_t c = 0; c < gamma.size(); ++c) {
    scale[c] = gamma[c] / std::sqrt(variance[c] + epsilon);
    shift[c] = beta[c] - mean[c] * scale[c];
  }
  Node node{"", "Affine", {input.node}, {}, {}};
  node.tensors["scale"] = {{channels}, to_floats(scale, "gamma / sqrt(variance + epsilon)")};
  node.tensors["shift"] = {{channels}, to_floats(shift, "beta - mean * gamma / sqrt(variance + epsilon)")};
  Activation result = input;
  result.node = call.graph.emit(call.node.label(), std::move(node)).node;
  return result;
}

}  // namespace rheobase::onnx_import
