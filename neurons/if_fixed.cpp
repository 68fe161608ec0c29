// What IF is in fixed arithmetic on every device, and what its host kernels share.
#include "neurons/if_fixed.h"

#include <algorithm>
#include <limits>

#include "sim/op/fixed.h"

namespace rheobase {
namespace {

constexpr std::int32_t int32_max = std::numeric_limits<std::int32_t>::max();

std::int64_t row_of(const ImageShape& shape) { return (shape.channels + 15) / 16 * 16; }

}  // namespace

NodePlan plan_if_fixed(const NodeContext& context) {
  const IfParameters parameters = IfParameters::of(context.node);
  const SignalSpec& input = context.inputs[0];
  std::vector<std::int32_t> v_init = integers_per_channel(parameters.v_init, input.shape.channels);
  std::int64_t start = std::abs(static_cast<std::int64_t>(parameters.v_reset));
  for (const std::int32_t v : v_init) start = std::max(start, std::abs(std::int64_t{v}));
  v_init.resize(static_cast<std::size_t>(row_of(input.shape)), 0);
  NodePlan plan{{SignalType::spikes, input.shape, {1.0F}, false}};
  plan.state = InitialState::repeat(v_init, input.shape.pixels());
  plan.max_steps = (int32_max - start) / std::max({-input.low, input.high, std::int64_t{1}});
  return plan;
}

IfFixedKernel::IfFixedKernel(const NodeContext& context)
    : input_(context.inputs[0]), row_(row_of(input_.shape)) {
  const IfParameters parameters = IfParameters::of(context.node);
  v_threshold_ = integers_per_channel(parameters.v_threshold, input_.shape.channels);
  v_threshold_.resize(static_cast<std::size_t>(row_), int32_max);
  reset_ = parameters.reset;
  v_reset_ = static_cast<std::int32_t>(parameters.v_reset);
}

}  // namespace rheobase
