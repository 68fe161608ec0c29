// What BurstLIF is on every device, and what its host kernels share.
#include "neurons/burst_lif_kernels.h"

#include <limits>

namespace rheobase {
namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

}  // namespace

NodePlan plan_burst_lif(const NodeContext& context) {
  const BurstLifParameters parameters = BurstLifParameters::of(context.node);
  const ImageShape& shape = context.inputs[0].shape;
  NodePlan plan{{SignalType::real32, shape, parameters.height->reals(), false}};
  plan.output.sparse = true;
  plan.state = InitialState::repeat(spread(parameters.v_init, shape.channels), shape.pixels());
  return plan;
}

BurstLifKernel::BurstLifKernel(const NodeContext& context) : input_(context.inputs[0]) {
  const BurstLifParameters parameters = BurstLifParameters::of(context.node);
  const std::int64_t channels = input_.shape.channels;
  decay_ = spread(parameters.decay, channels);
  v_threshold_ = spread(parameters.v_threshold, channels);
  v_min_ = parameters.v_min ? spread(*parameters.v_min, channels) : std::vector<float>(channels, -infinity);
  most_ = parameters.max_spikes == 0 ? infinity : static_cast<float>(parameters.max_spikes);
}

}  // namespace rheobase
