#pragma once

#include <cstdint>
#include <vector>

#include "sim/op/fixed.h"
#include "sim/op/synapse/conv2d_plan.h"

namespace rheobase {

/// A Conv2d or Linear in fixed arithmetic, shared by every device:
///   y = (bias + sum of weight * n + rounding) >> shift
/// The sum has no order. plan_fixed_conv2d() proves that no sum leaves int32 and no input int16.
struct FixedConv2dPlan : Conv2dGeometry {
  explicit FixedConv2dPlan(const NodeContext& context);

  /// `oc` counts all output channels.
  std::int32_t weight(std::int64_t oc, std::int64_t row) const { return weights[oc * rows() + row]; }
  /// bias + rounding
  std::int32_t offset(std::int64_t oc) const { return offsets[oc]; }

  std::vector<std::int8_t> weights;   ///< [O][rows]
  std::vector<std::int32_t> offsets;  ///< [O]
  FixedShift shift;
};

}  // namespace rheobase
