#include "sim/op/synapse/fixed_conv2d_plan.h"

namespace rheobase {

FixedConv2dPlan::FixedConv2dPlan(const NodeContext& context)
    : Conv2dGeometry(context),
      weights(in_row_order(context.node.tensors.at("weight").int8s())),
      offsets(output.channels, 0),
      shift(context.node) {
  if (const Tensor* bias = context.node.tensor("bias")) offsets = bias->int32s();
  for (std::int32_t& offset : offsets) offset += shift.rounding;
}

}  // namespace rheobase
