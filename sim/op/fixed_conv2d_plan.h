#pragma once

#include "sim/op/conv2d_plan.h"

namespace rheobase {

/// Conv2d, or Linear as a 1x1 convolution of a 1x1 image, in fixed arithmetic, shared by every device:
///   y = (bias + sum of weight * n + rounding) >> shift
/// The geometry and the order of weights are those of Conv2dPlan; the sum has no order.
struct FixedConv2dPlan : Conv2dPlan {
  /// Throws InputError naming the node where a sum may leave int32 or an input int16.
  explicit FixedConv2dPlan(const KernelContext& context);

  std::int32_t integer_weight(std::int64_t oc, std::int64_t row) const {
    return static_cast<std::int32_t>(weight(oc, row));
  }
  /// bias + rounding
  std::int32_t offset(std::int64_t oc) const { return static_cast<std::int32_t>(bias[oc]) + rounding; }

  int shift = 0;
  std::int32_t rounding = 0;  ///< half of 2^shift
  SignalSpec output_spec;     ///< int32 currents
};

}  // namespace rheobase
