#pragma once

#include "sim/engine/plan.h"

namespace rheobase {

/// Joins a neuron with the synapse, and the residual join, that feed nothing but it, where their kernels can
/// pass tiles (sim/op/host/tile.h). The nodes that vanish into the neuron keep their place and index.
void fuse(Plan& plan);

}  // namespace rheobase
