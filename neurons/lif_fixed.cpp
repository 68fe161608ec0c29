// What LIF is in fixed arithmetic on every device, and what its host kernels share.
#include "neurons/lif_fixed.h"

#include <algorithm>
#include <cstdlib>
#include <limits>

#include "neurons/leak.h"
#include "sim/op/fixed.h"

namespace rheobase {
namespace {

constexpr std::int32_t int32_max = std::numeric_limits<std::int32_t>::max();

std::int64_t row_of(const ImageShape& shape) { return (shape.channels + 15) / 16 * 16; }

std::int64_t distance(std::int32_t a, std::int32_t b) { return std::abs(std::int64_t{a} - b); }

LifChannels<std::int32_t> integers_of(const Node& node, std::int64_t channels) {
  const LifParameters parameters = LifParameters::of(node);
  LifChannels<std::int32_t> integers{{},
                                     integers_per_channel(parameters.v_leak, channels),
                                     integers_per_channel(parameters.v_threshold, channels),
                                     integers_per_channel(parameters.v_reset, channels)};
  for (std::int64_t c = 0; c < channels; ++c) integers.decay.push_back(fixed_decay_of(node, c));
  return integers;
}

// Steps until int32 might overflow. Let u = v - v_leak, |x| <= X, d the decay, and M at least |u| at t = 0,
// behind a reset to v_reset, and |v_leak|. Before it fires, a step makes u' = decayed(u) + x of u, where
// |decayed(u)| <= min(|u|, d |u| + 1/2). A neuron that fires has v >= v_threshold > 0, so subtraction leaves
// v between 0 and what it was: |u| <= max(M, |u'|). Hence, by induction over the steps,
//   |u| <= M + t X behind t steps, and
//   |u| <= max(M, F) for ever where d < 1, F = (X + 1/2) / (1 - d): d F + 1/2 + X = F.
// u, decayed(u) and u' have these bounds, and v_leak added to any of them |v_leak| more.
std::int64_t max_steps_of(const LifNeuron<std::int32_t>& neuron, std::int32_t v_init, std::int64_t current) {
  const std::int64_t one = std::int64_t{1} << lif_decay_bits;
  const std::int64_t v_leak = std::abs(std::int64_t{neuron.v_leak});
  const std::int64_t start =
      std::max({distance(v_init, neuron.v_leak), distance(neuron.v_reset, neuron.v_leak), v_leak});
  if (neuron.decay < one) {
    if (std::max(start, leaky_reach(neuron.decay, current)) <= int32_max - v_leak) return unlimited_steps;
  }
  return (int32_max - v_leak - start) / std::max(current, std::int64_t{1});
}

}  // namespace

NodePlan plan_lif_fixed(const NodeContext& context) {
  const SignalSpec& input = context.inputs[0];
  const std::int64_t channels = input.shape.channels;
  const LifChannels<std::int32_t> integers = integers_of(context.node, channels);
  std::vector<std::int32_t> v_init = integers_per_channel(LifParameters::of(context.node).start(), channels);
  NodePlan plan{{SignalType::spikes, input.shape, {1.0F}, false}};
  for (std::int64_t c = 0; c < channels; ++c) {
    const std::int64_t steps =
        max_steps_of(integers.neurons()[c], v_init[c], std::max(-input.low, input.high));
    plan.max_steps = std::min(plan.max_steps, steps);
  }
  v_init.resize(static_cast<std::size_t>(row_of(input.shape)), 0);
  plan.state = InitialState::repeat(v_init, input.shape.pixels());
  return plan;
}

LifFixedKernel::LifFixedKernel(const NodeContext& context)
    : input_(context.inputs[0]),
      row_(row_of(input_.shape)),
      channels_(integers_of(context.node, input_.shape.channels)),
      reset_(LifParameters::of(context.node).reset) {
  const auto size = static_cast<std::size_t>(row_);
  for (auto* constants : {&channels_.decay, &channels_.v_leak, &channels_.v_reset})
    constants->resize(size, 0);
  channels_.v_threshold.resize(size, int32_max);
}

}  // namespace rheobase
