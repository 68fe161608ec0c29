#include "binarize/ops/binary_conv2d_plan.h"

#include <bit>

#include "sim/core/error.h"

namespace rheobase {
namespace {

std::vector<float> per_channel(const Tensor* tensor, float otherwise, std::int64_t channels) {
  std::vector<float> values(static_cast<std::size_t>(channels), otherwise);
  if (tensor == nullptr) return values;
  for (std::size_t c = 0; c < values.size(); ++c)
    values[c] = tensor->values[tensor->values.size() == 1 ? 0 : c] + 0.0F;  // -0 becomes +0
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
      weights(context.node.tensors.at("weight").shape, context.node.tensors.at("weight").values),
      scale(per_channel(context.node.tensor("scale"), 1.0F, output.channels)),
      shift(per_channel(context.node.tensor("shift"), 0.0F, output.channels)),
      relu(context.node.integer("relu", 0) != 0),
      adds(context.inputs.size() > 1) {
  check_inputs(context, arithmetic);
  if (context.node.op == "BinaryConv2d") window = conv2d_attributes(context.node).window;
  if (weights.channels * taps() > max_bit_fan_in) {
    throw InputError("graph", context.node.name,
                     "sums " + std::to_string(weights.channels * taps()) + " inputs, binary layers at most " +
                         std::to_string(max_bit_fan_in));
  }
  if (input.type == SignalType::spikes) {
    for (float& factor : scale) factor *= input.scale(0);
  }
}

bool BinaryConv2dPlan::plain() const {
  const auto all = [](const std::vector<float>& values, float wanted) {
    return std::all_of(values.begin(), values.end(), [=](float v) { return v == wanted; });
  };
  return !relu && !adds && all(scale, 1.0F) && all(shift, 0.0F);
}

SignalSpec BinaryConv2dPlan::signal(const std::string& node) const {
  if (arithmetic == Arithmetic::float32) return {SignalType::real32, output, {1.0F}, false};
  double low = 0.0, high = 0.0;
  for (std::int64_t oc = 0; oc < output.channels; ++oc) {
    const auto ones = static_cast<double>(count_ones(weights, oc));
    const double others = static_cast<double>(weights.channels * taps()) - ones;
    const bool both = input_bits() == BitInput::signs;  // inputs that are -1 turn a weight round
    const double reach_up = both ? ones + others : ones, reach_down = both ? ones + others : others;
    const double factor = scale[oc];
    low = std::min({low, shift[oc] - factor * reach_down, shift[oc] + factor * reach_up});
    high = std::max({high, shift[oc] - factor * reach_down, shift[oc] + factor * reach_up});
  }
  constexpr double most = 2147483647.0;
  if (low < -most || high > most)
    throw InputError("graph", node, "fixed arithmetic may overflow: the sums of this node leave 32 bits");
  SignalSpec spec{SignalType::int32, output, {1.0F}, false};
  spec.low = static_cast<std::int64_t>(low);
  spec.high = static_cast<std::int64_t>(high);
  return spec;
}

NodePlan plan_binary_conv2d(const NodeContext& context, Arithmetic arithmetic) {
  return {BinaryConv2dPlan(context, arithmetic).signal(context.node.name)};
}

}  // namespace rheobase
