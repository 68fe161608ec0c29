// What the structural ops emit, in both arithmetics, and what fixed arithmetic can prove of them.
#include "sim/op/structural/structural_plans.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "sim/core/error.h"
#include "sim/graph/structural_ops.h"
#include "sim/op/fixed.h"
#include "sim/op/structural/rearrangement.h"

namespace rheobase {
namespace {

NodePlan real_output(const ImageShape& shape) { return {{SignalType::real32, shape, {1.0F}, false}}; }

struct Bounds {
  std::int64_t low = 0, high = 0;

  void include(std::int64_t from, std::int64_t to) {
    low = std::min(low, from);
    high = std::max(high, to);
  }
};

NodePlan current_output(const NodeContext& context, const Bounds& bounds) {
  return {current_spec(context.node.name, as_image(context.output_shape), bounds.low, bounds.high)};
}

// The least and the greatest sum of weights and offset that any output may reach, partial sums included:
// padding and absent spikes are 0, so a bound of the inputs that excludes 0 is widened to it.
Bounds sum_bounds(const NodeContext& context, std::int32_t rounding) {
  const Tensor& weight = context.node.tensors.at("weight");
  const std::vector<std::int8_t>& weights = weight.int8s();
  const Tensor* bias = context.node.tensor("bias");
  Bounds input;
  input.include(context.inputs[0].low, context.inputs[0].high);
  Bounds all;
  const std::size_t rows = weights.size() / static_cast<std::size_t>(weight.shape[0]);
  for (std::int64_t oc = 0; oc < weight.shape[0]; ++oc) {
    Bounds sum;
    const std::int64_t offset = std::int64_t{bias == nullptr ? 0 : bias->int32s()[oc]} + rounding;
    sum.include(offset, offset);
    for (std::size_t row = 0; row < rows; ++row) {
      const auto w = std::int64_t{weights[oc * rows + row]};
      sum.low += w * (w > 0 ? input.low : input.high);
      sum.high += w * (w > 0 ? input.high : input.low);
    }
    all.include(sum.low, sum.high);
  }
  return all;
}

// Of a CumulativeMaxPool2d: 0 for every place of its input, and of its output.
template <class Number>
InitialState sums_and_maxima(const NodeContext& context) {
  const std::int64_t places = context.inputs[0].shape.pixels() + as_image(context.output_shape).pixels();
  return InitialState::repeat(
      std::vector<Number>(static_cast<std::size_t>(context.inputs[0].shape.channels), 0), places);
}

}  // namespace

NodePlan plan_affine(const NodeContext& context) { return real_output(context.inputs[0].shape); }
NodePlan plan_add(const NodeContext& context) { return real_output(context.inputs[0].shape); }
NodePlan plan_conv2d(const NodeContext& context) { return real_output(as_image(context.output_shape)); }

// Linear, so the input's scale stays with the signal.
NodePlan plan_avg_pool2d(const NodeContext& context) {
  NodePlan plan = real_output(as_image(context.output_shape));
  plan.output.scales = context.inputs[0].scales;
  return plan;
}

// The largest of signs is +1 where any is: bits stay bits.
NodePlan plan_max_pool2d(const NodeContext& context) {
  NodePlan plan = real_output(as_image(context.output_shape));
  if (context.inputs[0].type == SignalType::signs) plan.output.type = SignalType::signs;
  return plan;
}

// Reals, whatever it reads: the difference of two maxima of sums.
NodePlan plan_cumulative_max_pool2d(const NodeContext& context) {
  NodePlan plan = real_output(as_image(context.output_shape));
  plan.state = sums_and_maxima<float>(context);
  return plan;
}

// A sign has no 0.
NodePlan plan_onset(const NodeContext& context) {
  NodePlan plan{context.inputs[0]};
  if (plan.output.type == SignalType::signs)
    throw InputError("graph", context.node.name, "an Onset of signs, which cannot be 0");
  plan.output.low = std::min<std::int64_t>(plan.output.low, 0);
  plan.output.high = std::max<std::int64_t>(plan.output.high, 0);
  plan.state = InitialState::repeat(std::vector<std::int32_t>{0}, plan.output.shape.pixels());
  return plan;
}

NodePlan plan_rearrange(const NodeContext& context) { return {Rearrangement(context).output}; }

NodePlan plan_fixed_affine(const NodeContext& context) {
  const SignalSpec& input = context.inputs[0];
  const auto scale = integers_per_channel(context.node.tensors.at("scale"), input.shape.channels);
  const auto shift = integers_per_channel(context.node.tensors.at("shift"), input.shape.channels);
  Bounds bounds;
  for (std::size_t c = 0; c < scale.size(); ++c) {
    const auto [least, most] = std::minmax({scale[c] * input.low, scale[c] * input.high});
    bounds.include(least, most);
    bounds.include(least + shift[c], most + shift[c]);
  }
  return current_output(context, bounds);
}

NodePlan plan_fixed_add(const NodeContext& context) {
  Bounds sum;
  for (const SignalSpec& input : context.inputs) {
    sum.low += input.low;
    sum.high += input.high;
  }
  return current_output(context, sum);
}

// An average pool leaves the sum of its window: a count where it reads spikes.
NodePlan plan_fixed_avg_pool2d(const NodeContext& context) {
  constexpr std::int64_t max_int16 = std::numeric_limits<std::int16_t>::max();
  const SignalSpec& input = context.inputs[0];
  const Window window = pool2d_attributes(context.node).window;
  const std::int64_t area = window.kernel[0] * window.kernel[1];
  Bounds sum;
  sum.include(input.low * area, input.high * area);
  NodePlan plan = current_output(context, sum);
  const bool narrow = input.type != SignalType::int32 && sum.high <= max_int16 && sum.low >= -max_int16;
  if (narrow) plan.output.type = SignalType::int16;
  return plan;
}

// Keeps the type of its input; the maximum of spikes is a spike.
NodePlan plan_fixed_max_pool2d(const NodeContext& context) {
  NodePlan plan{context.inputs[0]};
  plan.output.shape = as_image(context.output_shape);
  return plan;
}

// Where the sums of a window had their maximum, they grow by what is read there: a step's outcome has the
// bounds of the input.
NodePlan plan_fixed_cumulative_max_pool2d(const NodeContext& context) {
  const SignalSpec& input = context.inputs[0];
  Bounds bounds;
  bounds.include(input.low, input.high);
  NodePlan plan = current_output(context, bounds);
  if (input.type != SignalType::int32) plan.output.type = SignalType::int16;
  plan.state = sums_and_maxima<std::int32_t>(context);
  plan.max_steps =
      std::numeric_limits<std::int32_t>::max() / std::max({-bounds.low, bounds.high, std::int64_t{1}});
  return plan;
}

NodePlan plan_fixed_conv2d(const NodeContext& context) {
  using Narrow = std::numeric_limits<std::int16_t>;
  const SignalSpec& input = context.inputs[0];
  if (input.low < Narrow::min() || input.high > Narrow::max()) {
    throw InputError("graph", context.node.name,
                     "fixed arithmetic may overflow: the input reaches from " + std::to_string(input.low) +
                         " to " + std::to_string(input.high) + ", beyond the 16 bits that a synapse reads");
  }
  const FixedShift shift(context.node);
  const Bounds sum = sum_bounds(context, shift.rounding);
  current_output(context, sum);  // proves that the sums fit
  return current_output(context, {sum.low >> shift.bits, sum.high >> shift.bits});
}

}  // namespace rheobase
