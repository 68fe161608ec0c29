#pragma once

#include "sim/engine/plan.h"

namespace rheobase {

/// Joins a neuron with the synapse, and the residual join, that feed nothing but it, where their kernels can
/// become one (Kernel::can_fuse). The nodes that vanish into the neuron keep their place and index.
void fuse(Plan& plan);

}  // namespace rheobase
