#pragma once

#include "sim/op/fixed.h"
#include "sim/op/synapse/conv2d_plan.h"

namespace rheobase {

/// Conv2d, or Linear as a 1x1 convolution of a 1x1 image, in fixed arithmetic, shared by every device:
///   y = (bias + sum of weight * n + rounding) >> shift
/// The geometry and the order of weights are those of Conv2dPlan; the sum has no order. plan_fixed_conv2d()
/// proves that no sum leaves int32 and no input int16.
struct FixedConv2dPlan : Conv2dPlan {
  explicit FixedConv2dPlan(const NodeContext& context) : Conv2dPlan(context), shift(context.node) {}

  std::int32_t integer_weight(std::int64_t oc, std::int64_t row) const {
    return static_cast<std::int32_t>(weight(oc, row));
  }
  /// bias + rounding
  std::int32_t offset(std::int64_t oc) const { return static_cast<std::int32_t>(bias[oc]) + shift.rounding; }

  FixedShift shift;
};

}  // namespace rheobase
