#include "converters/onnx/import/operands.h"

#include <fmt/format.h>

#include <cmath>
#include <optional>
#include <utility>

#include "converters/onnx/fold/shape_math.h"

namespace rheobase::onnx_import {

namespace {

[[noreturn]] void refuse(const Constant& constant, const Shape& dims) {
  throw NodeFault(
      fmt::format("has a constant of shape {} beside an activation of {}; one number or one per "
                  "channel is supported",
                  to_string(constant.shape), to_string(dims)));
}

/// One number, or one for each index of `axis` in the activation's `dims`; nothing where it varies otherwise.
std::optional<Reals> values_along(const Constant& constant, const Shape& dims, std::size_t axis) {
  const std::size_t rank = constant.shape.size();
  if (constant.size() == 0 || rank > dims.size() || broadcast(constant.shape, dims) != dims) return {};
  const std::size_t hidden = dims.size() - rank;  // leading axes that the constant leaves out
  const bool has_axis = axis >= hidden && axis < dims.size();
  const auto count = static_cast<std::size_t>(has_axis ? constant.shape[axis - hidden] : 1);
  const auto inner =
      static_cast<std::size_t>(has_axis ? extent_product(constant.shape, axis - hidden + 1, rank) : 1);
  Reals result(count);
  std::vector<bool> known(count, false);
  const Reals values = reals_of(constant);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::size_t at = i / inner % count;
    if (!known[at]) result[at] = values[i];
    known[at] = true;
    if (!(result[at] == values[i])) return {};
  }
  return result;
}

}  // namespace

Reals channel_values(const Constant& constant, const Activation& activation) {
  const std::size_t no_axis = activation.dims.size();
  auto values = values_along(constant, activation.dims, activation.channel_axis().value_or(no_axis));
  if (!values) refuse(constant, activation.dims);
  if (values->size() == 1) return *std::move(values);
  return activation.in_channel_order(*values);
}

Operand operand(const Call& call, std::size_t i, const Constant& constant) {
  Operand result{call.graph.chain_start(call.input(i)), {}};
  const Activation& start = result.start;
  const bool is_flattened_image =
      start.dims.size() == 2 && start.node_shape.size() > 1 && !start.channel_axis();
  if (is_flattened_image && constant.size() > 1) result.start = call.graph.vector(call.input(i));
  result.values = channel_values(constant, result.start);
  return result;
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
