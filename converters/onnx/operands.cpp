#include "converters/onnx/operands.h"

#include <fmt/format.h>

#include <cmath>

#include "converters/onnx/shape_math.h"

namespace rheobase::onnx_import {

Reals channel_values(const Constant& constant, const Shape& dims) {
  const auto refuse = [&] {
    throw NodeFault(
        fmt::format("has a constant of shape {} beside an activation of {}; one number or one per "
                    "channel is supported",
                    to_string(constant.shape), to_string(dims)));
  };
  const std::size_t rank = constant.shape.size();
  if (constant.size() == 0 || rank > dims.size() || broadcast(constant.shape, dims) != dims) refuse();
  const Reals values = reals_of(constant);
  const std::size_t hidden = dims.size() - rank;  // leading axes that the constant leaves out
  if (hidden == 0 && constant.shape[0] != 1) refuse();
  const bool has_channels = hidden <= 1 && rank + hidden >= 2;
  const std::size_t axis = 1 - std::min<std::size_t>(hidden, 1);
  const auto channels = static_cast<std::size_t>(has_channels ? constant.shape[axis] : 1);
  const auto inner = static_cast<std::size_t>(has_channels ? extent_product(constant.shape, axis + 1, rank)
                                                           : constant.size());
  Reals result(channels);
  for (std::size_t i = 0; i < values.size(); ++i) {
    double& channel = result[i / inner % channels];
    if (i % inner == 0) channel = values[i];
    if (!(channel == values[i])) refuse();
  }
  return result;
}

Operand operand(const Call& call, std::size_t i, const Constant& constant) {
  Operand result{call.graph.chain_start(call.input(i)), {}};
  result.values = channel_values(constant, result.start.dims);
  if (result.values.size() == 1 || result.start.dims[1] == result.start.node_shape[0]) return result;
  if (result.start.dims.size() == 2) {  // one number a feature of a flattened image
    result.start = call.graph.vector(call.input(i));
    return result;
  }
  throw NodeFault(
      fmt::format("has one constant a row of {}, which is not a channel", to_string(result.start.dims)));
}

Value extended(Activation start, ScalarOp op) {
  start.chain.push_back(std::move(op));
  return start;
}

void expect_finite(const Reals& values) {
  for (const double value : values) {
    if (!std::isfinite(value)) throw NodeFault(fmt::format("has the constant {}", value));
  }
}

}  // namespace rheobase::onnx_import
