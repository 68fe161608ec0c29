#include "binarize/ops/binary_conv2d_plan.h"

#include <bit>

#include "sim/core/error.h"
#include "sim/op/fixed.h"

namespace rheobase {
namespace {

template <class Number>
std::vector<Number> per_channel(const Tensor* tensor, Number otherwise, std::int64_t channels) {
  std::vector<Number> values(static_cast<std::size_t>(channels), otherwise);
  if (tensor == nullptr) return values;
  for (std::int64_t c = 0; c < channels; ++c)
    values[c] = static_cast<Number>(tensor->of_channel(c)) + Number{0};  // -0 becomes +0
  return values;
}

std::int64_t count_ones(const BitWeights& weights, std::int64_t oc) {
  const std::uint64_t* words = weights.tap(oc, 0);
  std::int64_t ones = 0;
  for (std::int64_t w = 0; w < weights.taps * weights.words_per_tap(); ++w) ones += std::popcount(words[w]);
  return ones;
}

void check_inputs(const NodeContext& context, Arithmetic arithmetic) {
  const auto refuse = [&](const char* what) { throw InputError("graph", context.node.name, what); };
  const SignalSpec& input = context.inputs[0];
  if (!input.is_bits()) refuse("is binary, but its input is neither the output of a Sign nor spikes");
  if (input.scales.size() > 1) refuse("is binary, but its input spikes differ in height");
  if (arithmetic == Arithmetic::float32) {
    if (context.inputs.size() > 1 &&
        (context.inputs[1].type != SignalType::real32 || !context.inputs[1].unit_scale()))
      refuse("adds what is not real");
    return;
  }
  if (context.inputs.size() > 1) refuse("has a second input, which fixed arithmetic does not add");
  if (context.node.integer("relu", 0) != 0) refuse("has a ReLU, which fixed arithmetic does not know");
}

}  // namespace

BinaryConv2dPlan::BinaryConv2dPlan(const NodeContext& context, Arithmetic chosen)
    : arithmetic(chosen),
      input(context.inputs[0]),
      output(as_image(context.output_shape)),
      weights(context.node.tensors.at("weight").shape, context.node.tensors.at("weight").signs()),
      relu(context.node.integer("relu", 0) != 0),
      adds(context.inputs.size() > 1) {
  check_inputs(context, arithmetic);
  if (context.node.op == "BinaryConv2d") window = conv2d_attributes(context.node).window;
  if (weights.channels * taps() > max_bit_fan_in) {
    throw InputError("graph", context.node.name,
                     "sums " + std::to_string(weights.channels * taps()) + " inputs, binary layers at most " +
                         std::to_string(max_bit_fan_in));
  }
  const Tensor* scales = context.node.tensor("scale");
  const Tensor* shifts = context.node.tensor("shift");
  if (arithmetic == Arithmetic::fixed) {
    integer_scale = per_channel<std::int32_t>(scales, 1, output.channels);
    integer_shift = per_channel<std::int32_t>(shifts, 0, output.channels);
    return;
  }
  scale = per_channel(scales, 1.0F, output.channels);
  shift = per_channel(shifts, 0.0F, output.channels);
  if (input.type == SignalType::spikes) {
    for (float& factor : scale) factor *= input.scale(0);
  }
}

bool BinaryConv2dPlan::plain() const {
  const auto all = [](const auto& values, int wanted) {
    return std::all_of(values.begin(), values.end(),
                       [=](auto v) { return v == static_cast<decltype(v)>(wanted); });
  };
  return !relu && !adds && all(scale, 1) && all(shift, 0) && all(integer_scale, 1) && all(integer_shift, 0);
}

SignalSpec BinaryConv2dPlan::signal(const std::string& node) const {
  if (arithmetic == Arithmetic::float32) return {SignalType::real32, output, {1.0F}, false};
  std::int64_t low = 0, high = 0;
  for (std::int64_t oc = 0; oc < output.channels; ++oc) {
    const std::int64_t ones = count_ones(weights, oc);
    const std::int64_t others = weights.channels * taps() - ones;
    const bool both = input_bits() == BitInput::signs;  // inputs that are -1 turn a weight round
    const std::int64_t reach_up = both ? ones + others : ones, reach_down = both ? ones + others : others;
    const std::int64_t factor = integer_scale[oc], start = integer_shift[oc];
    low = std::min({low, start - factor * reach_down, start + factor * reach_up});
    high = std::max({high, start - factor * reach_down, start + factor * reach_up});
  }
  return current_spec(node, output, low, high);
}

NodePlan plan_binary_conv2d(const NodeContext& context, Arithmetic arithmetic) {
  return {BinaryConv2dPlan(context, arithmetic).signal(context.node.name)};
}

}  // namespace rheobase
