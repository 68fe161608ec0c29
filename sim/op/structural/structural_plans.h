#pragma once

#include "sim/op/kernel.h"

namespace rheobase {

using PlanStructuralNode = NodePlan(const NodeContext& context);

PlanStructuralNode plan_affine;
PlanStructuralNode plan_add;  ///< Add, and Output as the sum of one
PlanStructuralNode plan_avg_pool2d;
PlanStructuralNode plan_max_pool2d;
PlanStructuralNode plan_cumulative_max_pool2d;
PlanStructuralNode plan_onset;      ///< in both arithmetics
PlanStructuralNode plan_rearrange;  ///< Flatten, Slice, Pad, Concat
PlanStructuralNode plan_conv2d;     ///< Conv2d, Linear

// In fixed arithmetic, with proved bounds; plan_rearrange serves both.
PlanStructuralNode plan_fixed_affine;
PlanStructuralNode plan_fixed_add;
PlanStructuralNode plan_fixed_avg_pool2d;
PlanStructuralNode plan_fixed_max_pool2d;
PlanStructuralNode plan_fixed_cumulative_max_pool2d;
PlanStructuralNode plan_fixed_conv2d;

}  // namespace rheobase
