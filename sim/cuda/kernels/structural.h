#pragma once

#include <memory>

#include "sim/op/kernel.h"

namespace rheobase::cuda {

// Structural ops in fixed arithmetic; synapse.h has Conv2d and Linear.
std::unique_ptr<Kernel> make_avg_pool2d(const NodeContext& context, const NodePlan& plan);
std::unique_ptr<Kernel> make_max_pool2d(const NodeContext& context, const NodePlan& plan);
std::unique_ptr<Kernel> make_affine(const NodeContext& context, const NodePlan& plan);
std::unique_ptr<Kernel> make_add(const NodeContext& context, const NodePlan& plan);  ///< and Output
std::unique_ptr<Kernel> make_rearrange(const NodeContext& context,
                                       const NodePlan& plan);  ///< Flatten, Slice, Pad, Concat

}  // namespace rheobase::cuda
