// Sign and the forms of it that compare with a threshold: chains of a shift, a sign and its two values.
#include <fmt/format.h>

#include <limits>

#include "converters/onnx/activation/form_nodes.h"
#include "converters/onnx/import/operands.h"

namespace rheobase::onnx_import {
namespace {

/// x >= t: 1 where the sign of x - t is +1, else 0. x <= t: the same of t - x, so that a float32 that equals
/// the threshold is told apart without rounding. The strict forms are what these are not.
struct Comparison {
  bool is_upper;   ///< x above the threshold
  bool is_strict;  ///< and not equal to it

  Comparison mirrored() const { return {!is_upper, is_strict}; }
};

Value compare(const Call& call, Comparison comparison) {
  if (call.is_activation(0) && call.is_activation(1))
    throw NodeFault("compares activations with each other; a constant threshold is supported");
  const std::size_t which = call.is_activation(0) ? 0 : 1;
  if (which == 1) comparison = comparison.mirrored();
  Operand side = operand(call, which, *call.constant(1 - which));
  expect_finite(side.values);
  const bool tests_upper = comparison.is_upper != comparison.is_strict;
  Reals shift = side.values;
  if (tests_upper) {
    for (double& value : shift) value = 0 - value;
  }
  const std::string& label = call.node.label();
  Chain& chain = side.start.chain;
  chain.push_back(ScalarOp::affine({tests_upper ? 1.0 : -1.0}, std::move(shift), label + "/threshold"));
  chain.push_back(ScalarOp::sign(label));
  const double sign = comparison.is_strict ? -0.5 : 0.5;
  return extended(std::move(side.start), ScalarOp::affine({sign}, {0.5}, label));
}

/// The condition at input `i`, not yet nodes; NodeFault when it is anything but a comparison.
Activation condition(const Call& call, std::size_t i) {
  const Activation& result = call.graph.activation(call.input(i));
  const auto values = two_values(result.chain);
  const bool is_single = values && values->below.size() == 1 && values->above.size() == 1;
  if (is_single && values->below[0] + values->above[0] == 1 && values->below[0] * values->above[0] == 0 &&
      (!values->at_zero || *values->at_zero == values->below || *values->at_zero == values->above)) {
    return result;
  }
  throw NodeFault(fmt::format("'{}' is no comparison of an activation with a constant", call.input(i)));
}

/// Values for Where, one or one a channel of `activation`.
Reals choice(const Call& call, std::size_t i, const Activation& activation) {
  Reals values = channel_values(*call.constant(i), activation);
  expect_finite(values);
  return values;
}

/// relu(x) - slope * relu(-x), as training exports PReLU.
Value mirrored_relu(const Call& call, const Activation& input, Reals slope) {
  for (double& value : slope) value = -value;
  const auto emit = [&](const char* suffix, Node node, std::vector<std::string> inputs) {
    node.inputs = std::move(inputs);
    return call.graph.emit(call.node.label() + suffix, std::move(node)).node;
  };
  const Form relu = ReluForm{std::numeric_limits<double>::infinity()};
  const std::string positive = emit("/positive", nodes_of(relu)[0], {input.node});
  const std::string mirrored = emit("/mirrored", nodes_of(AffineForm{{-1}, {0}})[0], {input.node});
  const std::string negative = emit("/negative", nodes_of(relu)[0], {mirrored});
  const std::string scaled = emit("/scaled", nodes_of(AffineForm{slope, {0}})[0], {negative});
  Activation result = input;
  result.node = emit("", {"", "Add", {}, {}, {}}, {positive, scaled});
  return result;
}

}  // namespace

Value import_sign(const Call& call) {
  return extended(call.graph.chain_start(call.input(0)), ScalarOp::signum(call.node.label()));
}

Value import_greater(const Call& call) { return compare(call, {true, true}); }

Value import_greater_or_equal(const Call& call) { return compare(call, {true, false}); }

Value import_less(const Call& call) { return compare(call, {false, true}); }

Value import_less_or_equal(const Call& call) { return compare(call, {false, false}); }

Value import_not(const Call& call) {
  return extended(condition(call, 0), ScalarOp::affine({-1}, {1}, call.node.label()));
}

Value import_where(const Call& call) {
  if (!call.is_activation(0) || call.is_activation(1) || call.is_activation(2))
    throw NodeFault("selects between activations; a comparison that selects between constants is supported");
  Activation result = condition(call, 0);
  const Reals if_true = choice(call, 1, result);
  const Reals if_false = choice(call, 2, result);
  return extended(std::move(result), ScalarOp::choose(if_false, if_true, call.node.label()));
}

Value import_prelu(const Call& call) {
  call.graph.settled(call.input(0));  // read twice: nodes, not a chain
  const Operand side = operand(call, 0, *call.constant(1));
  expect_finite(side.values);
  return mirrored_relu(call, side.start, side.values);
}

Value import_leaky_relu(const Call& call) {
  return mirrored_relu(call, call.graph.settled(call.input(0)), {call.node.real("alpha", 0.01)});
}

}  // namespace rheobase::onnx_import
