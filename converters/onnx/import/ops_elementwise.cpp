#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "converters/onnx/import/operands.h"

namespace rheobase::onnx_import {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// An affine step whose scale and shift come from the constant's values.
template <class Scale, class Shift>
Value affine_step(const Call& call, std::size_t i, const Scale& scale, const Shift& shift) {
  const ConstantPtr constant = call.constant(1 - i);
  const Operand side = operand(call, i, *constant);
  expect_finite(side.values);
  Reals scales, shifts;
  for (const double value : side.values) {
    scales.push_back(scale(value));
    shifts.push_back(shift(value));
  }
  expect_finite(scales);
  return extended(side.start, ScalarOp::affine(scales, shifts, call.node.label()));
}

double one(double) { return 1; }
double zero(double) { return 0; }
double minus_one(double) { return -1; }
double same(double value) { return value; }
double negated(double value) { return -value; }
double inverse(double value) { return 1 / value; }

std::size_t activation_index(const Call& call) { return call.is_activation(0) ? 0 : 1; }

bool joins_activations(const Call& call) { return call.is_activation(0) && call.is_activation(1); }

}  // namespace

Value join(const Call& call, std::size_t first, std::size_t second) {
  Activation left = call.graph.settled(call.input(first));
  Activation right = call.graph.settled(call.input(second));
  if (left.dims != right.dims) {
    throw NodeFault(fmt::format("adds {} and {}; activations of equal shape are supported",
                                to_string(left.dims), to_string(right.dims)));
  }
  if (left.node_shape != right.node_shape) {
    left = call.graph.vector(call.input(first));
    right = call.graph.vector(call.input(second));
  }
  if (!same_order(left.layout, right.layout)) {
    throw NodeFault(
        fmt::format("adds '{}' and '{}', whose elements are in different orders; export the model with "
                    "channels first",
                    call.input(first), call.input(second)));
  }
  Activation result = call.graph.emit(call.node.label(), {"", "Add", {left.node, right.node}, {}, {}});
  result.dims = left.dims;
  result.view = left.view;
  result.layout = left.layout;
  return result;
}

namespace {

/// Min and Max with constants: a clip from one side.
Value one_sided_clip(const Call& call, bool is_upper) {
  std::size_t activations = 0;
  std::size_t which = 0;
  for (std::size_t i = 0; i < call.node.inputs().size(); ++i) {
    if (!call.is_activation(i)) continue;
    which = i;
    ++activations;
  }
  if (activations != 1) throw NodeFault("compares activations with each other; constants are supported");
  Activation result = call.graph.chain_start(call.input(which));
  Chain clips;
  for (std::size_t i = 0; i < call.node.inputs().size(); ++i) {
    if (i == which) continue;
    Operand side = operand(call, which, *call.constant(i));
    const Reals open{is_upper ? -infinity : infinity};
    ScalarOp op = ScalarOp::clip(0, 0, call.node.label());
    op.first = is_upper ? open : side.values;
    op.second = is_upper ? side.values : open;
    if (side.start.node != result.node) result = side.start;
    clips.push_back(std::move(op));
  }
  result.chain.insert(result.chain.end(), clips.begin(), clips.end());
  return result;
}

/// A bound of Clip; the largest float32 means that there is none.
double bound(const Call& call, std::size_t i, const char* attribute, double none) {
  double value = call.node.real(attribute, none);
  if (const ConstantPtr given = call.optional_constant(i)) {
    if (given->size() != 1) throw NodeFault(fmt::format("input '{}' is not one number", attribute));
    value = reals_of(*given)[0];
  }
  if (std::isnan(value)) throw NodeFault(fmt::format("'{}' is not a number", attribute));
  return std::abs(value) >= std::numeric_limits<float>::max() ? std::copysign(infinity, value) : value;
}

Value step(const Call& call, ScalarOp op) {
  return extended(call.graph.chain_start(call.input(0)), std::move(op));
}

}  // namespace

Value import_add(const Call& call) {
  return joins_activations(call) ? join(call, 0, 1) : affine_step(call, activation_index(call), one, same);
}

Value import_sub(const Call& call) {
  if (joins_activations(call))
    throw NodeFault(
        "subtracts activations; constants are supported, and a difference can be exported as Add(x, Neg(y))");
  return call.is_activation(0) ? affine_step(call, 0, one, negated) : affine_step(call, 1, minus_one, same);
}

Value import_mul(const Call& call) {
  if (joins_activations(call))
    throw NodeFault(
        "multiplies activations with each other, a gate (SiLU, HardSwish, squeeze-and-excitation) or "
        "attention; "
        "that has no spiking form: retrain without it");
  return affine_step(call, activation_index(call), same, zero);
}

Value import_div(const Call& call) {
  if (call.is_activation(1))
    throw NodeFault(
        "divides by an activation, as normalisation by the sample itself does; constants are supported: "
        "retrain "
        "with batch norm");
  return affine_step(call, 0, inverse, zero);
}

Value import_min(const Call& call) { return one_sided_clip(call, true); }

Value import_max(const Call& call) { return one_sided_clip(call, false); }

Value import_clip(const Call& call) {
  const double low = bound(call, 1, "min", -infinity);
  const double high = bound(call, 2, "max", infinity);
  return step(call, ScalarOp::clip(low, high, call.node.label()));
}

Value import_relu(const Call& call) { return step(call, ScalarOp::clip(0, infinity, call.node.label())); }

Value import_floor(const Call& call) { return step(call, ScalarOp::floor(call.node.label())); }

/// Round is floor(x + 1/2) except at exact halves, where ONNX goes to the even neighbour and QCFS up.
Value import_round(const Call& call) {
  Activation start = call.graph.chain_start(call.input(0));
  start.chain.push_back(ScalarOp::affine({1}, {0.5}, call.node.label()));
  return extended(std::move(start), ScalarOp::floor(call.node.label()));
}

Value import_neg(const Call& call) { return step(call, ScalarOp::affine({-1}, {0}, call.node.label())); }

}  // namespace rheobase::onnx_import
