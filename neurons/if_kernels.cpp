// What IF is on every device, and what its host kernels share.
#include "neurons/if_kernels.h"

namespace rheobase {

NodePlan plan_if(const NodeContext& context) {
  const IfParameters parameters = IfParameters::of(context.node);
  const ImageShape& shape = context.inputs[0].shape;
  NodePlan plan{{SignalType::spikes, shape, parameters.v_threshold.reals(), false}};
  plan.state = InitialState::repeat(spread(parameters.v_init, shape.channels), shape.pixels());
  return plan;
}

IfKernel::IfKernel(const NodeContext& context) : input_(context.inputs[0]) {
  const IfParameters parameters = IfParameters::of(context.node);
  v_threshold_ = spread(parameters.v_threshold, input_.shape.channels);
  reset_ = parameters.reset;
  v_reset_ = static_cast<float>(parameters.v_reset);
}

}  // namespace rheobase
