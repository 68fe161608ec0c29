// Int8 files as their float network: weights dequantised, quantisers of activations left out.
#include <fmt/format.h>

#include <cmath>

#include "converters/onnx/activation/quantizers.h"
#include "converters/onnx/import/operands.h"

namespace rheobase::onnx_import {
namespace {

/// One scale and one zero point of a whole activation.
Quantum quantum_of(const Call& call, std::size_t scale, std::size_t zero_point) {
  const auto number = [&](const Constant& constant) {
    if (constant.size() != 1) {
      throw NodeFault(fmt::format(
          "quantises activations with {} scales or zero points; one a tensor is supported", constant.size()));
    }
    return reals_of(constant)[0];
  };
  const ConstantPtr zero = call.optional_constant(zero_point);
  const Quantum quantum{number(*call.constant(scale)), zero != nullptr ? number(*zero) : 0};
  if (!(quantum.scale > 0) || !std::isfinite(quantum.scale) || !std::isfinite(quantum.zero_point))
    throw NodeFault(fmt::format("has the scale {}; it must be more than 0", quantum.scale));
  return quantum;
}

void note_float_network(const Call& call) {
  call.graph.add_note_once(
      call.node.label(),
      "a quantised file: its float network is imported, with dequantised weights; activations are not "
      "rounded to the file's integers, and cut at their ends only where these stand for a ReLU, so answers "
      "may "
      "differ from the file's");
}

/// `activation` without rounding to the quantiser's integers. Exporters leave a ReLU out where the least of
/// them stands for 0: then their ends are one.
Activation without_rounding(const Call& call, Activation activation, const Quantum& quantum,
                            const LevelBounds& bounds) {
  note_float_network(call);
  if (quantum.zero_point == bounds.low && !call.graph.is_never_negative(activation)) {
    const double high = (bounds.high - quantum.zero_point) * quantum.scale;
    activation.chain.push_back(ScalarOp::clip(0, high, call.node.label()));
  }
  activation.quantum = quantum;
  return activation;
}

/// The output of an op of integers, quantised by the inputs `scale` and `scale` + 1.
Value requantized(const Call& call, const Value& value, std::size_t scale) {
  const Quantum quantum = quantum_of(call, scale, scale + 1);
  const ConstantPtr zero = call.optional_constant(scale + 1);
  return without_rounding(call, std::get<Activation>(value), quantum, integer_bounds(call.node, zero.get()));
}

/// Dequantised weights at input `i`, their scale and zero point behind it.
Constant weights(const Call& call, std::size_t i, std::int64_t axis) {
  return dequantized(*call.constant(i), *call.constant(i + 1), call.optional_constant(i + 2).get(), axis);
}

/// Integers in steps of (input scale) x (weight scale).
Constant bias_of(const Constant& bias, double input_scale, const Constant& weight_scale) {
  Constant scale = weight_scale;
  Reals steps = reals_of(weight_scale);
  for (double& step : steps) step *= input_scale;
  scale.data = std::move(steps);
  if (bias.shape.size() != 1) throw NodeFault("has a bias that is not one number for each output");
  return dequantized(bias, scale, nullptr, 0);
}

}  // namespace

Value import_quantize_linear(const Call& call) {
  expect_whole_blocks(call.node);
  const ConstantPtr zero = call.optional_constant(2);
  const Quantum quantum = quantum_of(call, 1, 2);
  const LevelBounds bounds = integer_bounds(call.node, zero.get());
  return without_rounding(call, call.graph.chain_start(call.input(0)), quantum, bounds);
}

Value import_dequantize_linear(const Call& call) {
  expect_whole_blocks(call.node);
  Activation result = call.graph.activation(call.input(0));
  const Quantum quantum = quantum_of(call, 1, 2);
  if (result.quantum && !(*result.quantum == quantum)) {
    throw NodeFault(fmt::format("takes steps of {} for steps of {}; export the float model", quantum.scale,
                                result.quantum->scale));
  }
  result.quantum.reset();
  return result;
}

Value import_qlinear_conv(const Call& call) {
  const Constant weight = weights(call, 3, 0);
  Constant bias;
  const ConstantPtr given = call.optional_constant(8);
  if (given != nullptr) bias = bias_of(*given, quantum_of(call, 1, 2).scale, *call.constant(4));
  return requantized(call, convolution(call, weight, given != nullptr ? &bias : nullptr), 6);
}

Value import_qlinear_matmul(const Call& call) {
  constexpr std::int64_t last = -1;
  return requantized(call, linear(call, weights(call, 3, last), nullptr), 6);
}

Value import_qgemm(const Call& call) {
  const bool is_transposed = call.node.integer("transB", 0) != 0;
  const Constant weight = weights(call, 3, is_transposed ? 0 : 1);
  Constant bias;
  const ConstantPtr given = call.optional_constant(6);
  const double alpha = call.node.real("alpha", 1);
  if (given != nullptr) bias = bias_of(*given, alpha * quantum_of(call, 1, 2).scale, *call.constant(4));
  Value result = linear(call, weight, given != nullptr ? &bias : nullptr);
  if (call.has(7)) return requantized(call, result, 7);
  note_float_network(call);
  return result;
}

Value import_qlinear_add(const Call& call) { return requantized(call, join(call, 0, 3), 6); }

Value import_qlinear_average_pool(const Call& call) {
  if (call.node.integer("channels_last", 0) != 0) throw NodeFault("pools channels last; export with NCHW");
  return requantized(call, import_average_pool(call), 3);
}

Value import_qlinear_global_average_pool(const Call& call) {
  if (call.node.integer("channels_last", 0) != 0) throw NodeFault("pools channels last; export with NCHW");
  return requantized(call, import_global_average_pool(call), 3);
}

}  // namespace rheobase::onnx_import
