// What Sign is on every device, and what its host kernels share.
#include "neurons/sign_kernels.h"

#include "neurons/sign.h"

namespace rheobase {

// Bits: set where +1.
NodePlan plan_sign(const NodeContext& context) {
  return {{SignalType::signs, context.inputs[0].shape, {1.0F}, false}};
}

SignKernel::SignKernel(const NodeContext& context) : input_(context.inputs[0]) {
  const Tensor threshold = SignParameters::of(context.node).threshold;
  for (std::int64_t c = 0; c < input_.shape.channels; ++c)
    threshold_.push_back(threshold.reals()[threshold.size() == 1 ? 0 : c]);
}

}  // namespace rheobase
