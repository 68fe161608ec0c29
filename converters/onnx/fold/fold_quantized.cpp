// Quantisers on constants. Quotients are rounded to float32 before they are rounded to integers, as the
// runtimes do it.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "converters/onnx/activation/quantizers.h"
#include "converters/onnx/fold/broadcast_cursor.h"
#include "converters/onnx/fold/fold.h"
#include "converters/onnx/fold/shape_math.h"

namespace rheobase::onnx_import {
namespace {

double quotient(double value, double scale) { return static_cast<float>(value) / static_cast<float>(scale); }

/// `constant` with the shape that makes it broadcast along `axis` of a tensor of that rank.
Shape along_axis(const Constant& constant, std::int64_t axis, std::size_t rank) {
  if (constant.size() == 1) return {};
  if (constant.shape.size() != 1) {
    throw NodeFault(
        fmt::format("has a scale or zero point of shape {}; one number or one for each index of an axis are "
                    "supported",
                    to_string(constant.shape)));
  }
  const auto at = static_cast<std::size_t>(resolve_axes({axis}, rank)[0]);
  Shape shape(rank - at, 1);
  shape[0] = constant.shape[0];
  return shape;
}

/// function(x, scale, zero point) for each element of the first input.
template <class Function>
Reals for_each_element(const Constant& source, const Constant& scale, const Shape& scale_shape,
                       const Constant& zero, const Shape& zero_shape, const Function& function) {
  for (const Shape& shape : {scale_shape, zero_shape}) {
    if (broadcast(source.shape, shape) != source.shape) {
      throw NodeFault(fmt::format("has a scale or zero point of shape {} for a tensor of {}",
                                  to_string(shape), to_string(source.shape)));
    }
  }
  const Reals scales = reals_of(scale), zeros = reals_of(zero);
  Reals values = reals_of(source);
  BroadcastCursor s(scale_shape, source.shape), z(zero_shape, source.shape);
  for (double& value : values) {
    value = function(value, scales[s.offset()], zeros[z.offset()]);
    s.next(), z.next();
  }
  return values;
}

const Constant& zero_or(const Constant* given) {
  static const Constant none{{}, Reals{0.0}};
  return given != nullptr ? *given : none;
}

Constant fold_quantize_linear(const FoldCall& call) {
  const Constant& source = call.input(0);
  const Constant& scale = call.input(1);
  const Constant& zero = zero_or(call.optional_input(2));
  expect_whole_blocks(call.node);
  const LevelBounds bounds = integer_bounds(call.node, call.optional_input(2));
  const std::int64_t axis = call.node.integer("axis", 1);
  call.budget.take(source.shape);
  const Reals values =
      for_each_element(source, scale, along_axis(scale, axis, source.shape.size()), zero,
                       along_axis(zero, axis, source.shape.size()), [&](double x, double s, double z) {
                         return std::clamp(std::nearbyint(quotient(x, s)) + z, bounds.low, bounds.high);
                       });
  Integers integers;
  for (const double value : values) {
    if (std::isnan(value)) throw NodeFault("quantises what is not a number");
    integers.push_back(static_cast<std::int64_t>(value));
  }
  return {source.shape, std::move(integers)};
}

Constant fold_dequantize_linear(const FoldCall& call) {
  expect_whole_blocks(call.node);
  call.budget.take(call.input(0).shape);
  return dequantized(call.input(0), call.input(1), call.optional_input(2), call.node.integer("axis", 1));
}

Constant fold_bipolar_quant(const FoldCall& call) {
  const Constant& source = call.input(0);
  const Constant& scale = call.input(1);
  call.budget.take(source.shape);
  return {source.shape, for_each_element(source, scale, scale.shape, zero_or(nullptr), {},
                                         [](double x, double s, double) { return x >= 0 ? s : -s; })};
}

Constant fold_quant(const FoldCall& call) {
  const Constant& source = call.input(0);
  const Constant& scale = call.input(1);
  const Constant& zero = call.input(2);
  const QonnxLevels levels = qonnx_levels(call.node, call.input(3));
  call.budget.take(source.shape);
  return {source.shape,
          for_each_element(source, scale, scale.shape, zero, zero.shape, [&](double x, double s, double z) {
            const double u = static_cast<float>(quotient(x, s) + z);
            return (levels.of(u) - z) * s;
          })};
}

}  // namespace

Constant dequantized(const Constant& source, const Constant& scale, const Constant* zero_point,
                     std::int64_t axis) {
  const Constant& zero = zero_or(zero_point);
  const std::size_t rank = source.shape.size();
  return {source.shape,
          for_each_element(source, scale, along_axis(scale, axis, rank), zero, along_axis(zero, axis, rank),
                           [](double q, double s, double z) { return (q - z) * s; })};
}

Fold find_quantized_fold(const std::string& op) {
  static constexpr std::array<std::pair<const char*, Fold>, 7> folds{{
      {"QuantizeLinear", fold_quantize_linear},
      {"DequantizeLinear", fold_dequantize_linear},
      {"com.microsoft:QuantizeLinear", fold_quantize_linear},
      {"com.microsoft:DequantizeLinear", fold_dequantize_linear},
      {"qonnx:BipolarQuant", fold_bipolar_quant},
      {"qonnx:IntQuant", fold_quant},
      {"qonnx:Quant", fold_quant},
  }};
  for (const auto& [name, fold] : folds) {
    if (op == name) return fold;
  }
  return nullptr;
}

}  // namespace rheobase::onnx_import
