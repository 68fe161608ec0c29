// What LIF is on every device, and what its host kernels share.
#include "neurons/lif_kernels.h"

namespace rheobase {

NodePlan plan_lif(const NodeContext& context) {
  const LifParameters parameters = LifParameters::of(context.node);
  const ImageShape& shape = context.inputs[0].shape;
  NodePlan plan{{SignalType::spikes, shape, parameters.height->reals(), false}};
  plan.state = InitialState::repeat(spread(parameters.start(), shape.channels), shape.pixels());
  return plan;
}

LifKernel::LifKernel(const NodeContext& context) : input_(context.inputs[0]) {
  const LifParameters parameters = LifParameters::of(context.node);
  const std::int64_t channels = input_.shape.channels;
  channels_ = {spread(parameters.decay, channels), spread(parameters.v_leak, channels),
               spread(parameters.v_threshold, channels), spread(parameters.v_reset, channels)};
  reset_ = parameters.reset;
}

}  // namespace rheobase
