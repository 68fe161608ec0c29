#pragma once

#include <memory>

#include "sim/op/registry.h"

namespace rheobase {

/// IF in fixed arithmetic on a GPU; it joins with the synapse before it and up to three stored currents.
std::unique_ptr<Kernel> make_if_cuda(const NodeContext& context, const NodePlan& plan);

/// The neurons that a GPU has kernels for.
void register_cuda_neurons(Registry& registry);

}  // namespace rheobase
