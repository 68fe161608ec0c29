// Quantisers of QONNX and FINN on activations: signs, and stairs of equal steps.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "converters/onnx/activation/quantizers.h"
#include "converters/onnx/fold/shape_math.h"
#include "converters/onnx/import/operands.h"

namespace rheobase::onnx_import {
namespace {

/// scale * x + shift, one number or one a channel.
ScalarOp scaled(const Reals& scale, const Reals& shift, const std::string& label) {
  return ScalarOp::affine(scale, shift, label);
}

template <class Function>
Reals for_each(const Reals& a, const Reals& b, const Function& function) {
  Reals result(std::max(a.size(), b.size()));
  for (std::size_t i = 0; i < result.size(); ++i)
    result[i] = function(a[a.size() == 1 ? 0 : i], b[b.size() == 1 ? 0 : i]);
  return result;
}

/// The steps that round, of a value that is clipped already.
void append_rounding(Chain& chain, const QonnxLevels& levels, const std::string& label) {
  using Rounding = QonnxLevels::Rounding;
  const bool has_negative = levels.bounds.low < 0;
  Rounding rounding = levels.rounding;
  if (rounding == Rounding::up || rounding == Rounding::down) {
    if (has_negative)
      throw NodeFault("rounds negative values up or down from 0; ROUND, CEIL and FLOOR are supported there");
    rounding = rounding == Rounding::up ? Rounding::ceil : Rounding::floor;
  }
  const bool is_mirrored = rounding == Rounding::ceil || rounding == Rounding::half_down;
  const bool is_half = rounding != Rounding::ceil && rounding != Rounding::floor;
  if (is_mirrored) chain.push_back(scaled({-1}, {0}, label));  // ceil(u) = -floor(-u)
  if (is_half) chain.push_back(scaled({1}, {0.5}, label));
  chain.push_back(ScalarOp::floor(label));
  if (is_mirrored) chain.push_back(scaled({-1}, {0}, label));
}

/// Thresholds of one channel, sorted: the first one and the distance to the next.
struct Stair {
  double first = 0;
  double step = 0;
};

Stair stair_of(Reals thresholds) {
  constexpr double tolerance = 1e-5;
  expect_finite(thresholds);
  std::sort(thresholds.begin(), thresholds.end());
  Stair stair{thresholds.front(), 0};
  if (thresholds.size() == 1) return stair;
  stair.step = (thresholds.back() - thresholds.front()) / static_cast<double>(thresholds.size() - 1);
  for (std::size_t k = 0; k < thresholds.size(); ++k) {
    const double expected = stair.first + static_cast<double>(k) * stair.step;
    if (!(stair.step > 0) || std::abs(thresholds[k] - expected) > tolerance * stair.step) {
      throw NodeFault(
          fmt::format("has thresholds at unequal distances, {} to {}; one threshold and equal steps are "
                      "supported: export before the network is streamlined to thresholds, with Quant nodes",
                      thresholds.front(), thresholds.back()));
    }
  }
  return stair;
}

/// One number for each row of thresholds, to stand beside the activation.
Constant beside_channels(const Call& call, std::int64_t rows, Reals values) {
  const Shape& dims = call.graph.activation(call.input(0)).dims;
  const std::string order = call.node.word("data_layout", "NCHW");
  if (dims.size() < 2) throw NodeFault(fmt::format("takes channels, where {} has none", to_string(dims)));
  Shape shape(dims.size(), 1);
  if (rows > 1) shape.at(order.ends_with("C") && order.size() > 2 ? dims.size() - 1 : 1) = rows;
  return {shape, std::move(values)};
}

}  // namespace

Value import_bipolar_quant(const Call& call) {
  Operand scale = operand(call, 0, *call.constant(1));
  expect_finite(scale.values);
  scale.start.chain.push_back(ScalarOp::sign(call.node.label()));
  return extended(std::move(scale.start), scaled(scale.values, {0}, call.node.label()));
}

Value import_quant(const Call& call) {
  const std::string& label = call.node.label();
  const QonnxLevels levels = qonnx_levels(call.node, *call.constant(3));
  const Operand scale = operand(call, 0, *call.constant(1));
  const Operand zero = operand(call, 0, *call.constant(2));
  for (const double value : scale.values) {
    if (!(value > 0)) throw NodeFault(fmt::format("has the scale {}; it must be more than 0", value));
  }
  expect_finite(scale.values);
  expect_finite(zero.values);
  Activation result = scale.values.size() > 1 ? scale.start : zero.start;
  Chain& chain = result.chain;
  chain.push_back(
      scaled(for_each(scale.values, {0}, [](double s, double) { return 1 / s; }), zero.values, label));
  if (levels.is_bipolar) {
    chain.push_back(ScalarOp::sign(label));
  } else {
    chain.push_back(ScalarOp::clip(levels.bounds.low, levels.bounds.high, label));
    append_rounding(chain, levels, label);
  }
  return extended(
      std::move(result),
      scaled(scale.values, for_each(scale.values, zero.values, [](double s, double z) { return 0 - s * z; }),
             label));
}

// A sum over thresholds of x >= threshold, scaled and shifted.
Value import_multi_threshold(const Call& call) {
  const ConstantPtr thresholds = call.constant(1);
  if (thresholds->shape.size() != 2 || thresholds->size() == 0) {
    throw NodeFault(fmt::format("has thresholds of shape {}, expected channels x thresholds",
                                to_string(thresholds->shape)));
  }
  const auto rows = thresholds->shape[0];
  const auto count = thresholds->shape[1];
  const Reals values = reals_of(*thresholds);
  Reals first, step;
  for (auto row = values.begin(); row != values.end(); row += count) {
    const Stair stair = stair_of({row, row + count});
    first.push_back(stair.first);
    step.push_back(stair.step);
  }
  const double scale = call.node.real("out_scale", 1), bias = call.node.real("out_bias", 0);
  const std::string& label = call.node.label();
  const Operand start = operand(call, 0, beside_channels(call, rows, first));
  const Operand steps = operand(call, 0, beside_channels(call, rows, step));
  Activation result = start.start;
  Chain& chain = result.chain;
  if (count == 1) {
    chain.push_back(scaled({1}, for_each(start.values, {0}, [](double t, double) { return 0 - t; }),
                           label + "/threshold"));
    chain.push_back(ScalarOp::sign(label));
    return extended(std::move(result), scaled({scale / 2}, {scale / 2 + bias}, label));
  }
  const auto inverse = [](double s, double) { return 1 / s; };
  const auto offset = [](double t, double s) { return 1 - t / s; };
  chain.push_back(
      scaled(for_each(steps.values, {0}, inverse), for_each(start.values, steps.values, offset), label));
  chain.push_back(ScalarOp::floor(label));
  chain.push_back(ScalarOp::clip(0, static_cast<double>(count), label));
  return extended(std::move(result), scaled({scale}, {bias}, label));
}

}  // namespace rheobase::onnx_import
