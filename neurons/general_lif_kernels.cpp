// What GeneralLIF is on every device, and what its host kernels share.
#include "neurons/general_lif_kernels.h"

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <type_traits>

#include "neurons/leak.h"
#include "sim/op/fixed.h"

namespace rheobase {
namespace {

constexpr std::int64_t int32_max = std::numeric_limits<std::int32_t>::max();

template <class Number>
std::vector<Number> numbers(const Tensor& tensor, std::int64_t channels) {
  if constexpr (std::is_same_v<Number, float>)
    return spread(tensor, channels);
  else
    return integers_per_channel(tensor, channels);
}

std::int64_t magnitude(const Tensor& tensor, std::int64_t channel) {
  return std::abs(static_cast<std::int64_t>(tensor.of_channel(channel)));
}

// Steps until int32 might overflow. Let u = v - v_leak, L = |v_leak|, |x| <= X, d the decay, D = v_drop. A
// drop is taken where v >= v_threshold > 0, which is u > -L: at once, u falls from there by D; a step later
// it is decayed first, which leaves it above -L, and x may add to the fall. A reset and the lower bound put u
// to v_reset - v_leak and v_min - v_leak. So with M at least |u| at t = 0, |v_reset| + L, |v_min| + L and L +
// D + X, a step leaves |u'| <= max(M, |decayed(u)| + X), and as for LIF (lif_fixed.cpp), by induction over
// the steps,
//   |u| <= M + t X behind t steps, and  |u| <= max(M, F) for ever where d < 1.
// All that is computed on the way is within that and L.
std::int64_t max_steps_of(const GeneralLifParameters& p, std::int32_t decay, std::int64_t channel,
                          std::int64_t current) {
  const std::int64_t v_leak = magnitude(p.v_leak, channel);
  std::int64_t start = std::max(magnitude(p.start(), channel), magnitude(p.v_reset, channel)) + v_leak;
  if (p.v_min) start = std::max(start, magnitude(*p.v_min, channel) + v_leak);
  start = std::max(start, v_leak + magnitude(p.drop(), channel) + current);
  if (decay < 1 << lif_decay_bits && std::max(start, leaky_reach(decay, current)) <= int32_max - v_leak)
    return unlimited_steps;
  return std::max<std::int64_t>(0, int32_max - v_leak - start) / std::max<std::int64_t>(current, 1);
}

}  // namespace

NodePlan plan_general_lif(const NodeContext& context) {
  const GeneralLifParameters parameters = GeneralLifParameters::of(context.node);
  const ImageShape& shape = context.inputs[0].shape;
  NodePlan plan{{SignalType::spikes, shape, parameters.height->reals(), false}};
  plan.state = InitialState::repeat(spread(parameters.start(), shape.channels), shape.pixels());
  return plan;
}

NodePlan plan_general_lif_fixed(const NodeContext& context) {
  const SignalSpec& input = context.inputs[0];
  const GeneralLifParameters parameters = GeneralLifParameters::of(context.node);
  const std::int64_t channels = input.shape.channels, current = std::max(-input.low, input.high);
  NodePlan plan{{SignalType::spikes, input.shape, {1.0F}, false}};
  for (std::int64_t c = 0; c < channels; ++c)
    plan.max_steps =
        std::min(plan.max_steps, max_steps_of(parameters, fixed_decay_of(context.node, c), c, current));
  plan.state = InitialState::repeat(integers_per_channel(parameters.start(), channels), input.shape.pixels());
  return plan;
}

template <class Number>
GeneralLifKernel<Number>::GeneralLifKernel(const NodeContext& context) : input_(context.inputs[0]) {
  const GeneralLifParameters p = GeneralLifParameters::of(context.node);
  const std::int64_t channels = input_.shape.channels;
  if constexpr (std::is_same_v<Number, float>) {
    decay_ = spread(p.decay, channels);
  } else {
    for (std::int64_t c = 0; c < channels; ++c) decay_.push_back(fixed_decay_of(context.node, c));
  }
  v_leak_ = numbers<Number>(p.v_leak, channels);
  v_threshold_ = numbers<Number>(p.v_threshold, channels);
  v_drop_ = numbers<Number>(p.drop(), channels);
  v_reset_ = numbers<Number>(p.v_reset, channels);
  v_min_.assign(static_cast<std::size_t>(channels), std::numeric_limits<Number>::lowest());
  if (p.v_min) v_min_ = numbers<Number>(*p.v_min, channels);
  rule_ = {p.reset, p.reset_delay};
}

template class GeneralLifKernel<float>;
template class GeneralLifKernel<std::int32_t>;

}  // namespace rheobase
