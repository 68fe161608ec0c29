#pragma once

#include "sim/op/registry.h"

namespace rheobase {

/// Schemas and kernels of every neuron.
void register_neurons(Registry& registry);

}  // namespace rheobase
