#pragma once

#include <memory>

#include "sim/op/host/tile.h"

namespace rheobase {

/// Synapse, join and neuron as one kernel: what passes between them is never stored. Inputs: that of the
/// synapse, then one for each addend. The source has a tile_source(), the neuron a tile_neuron(), and addends
/// that have a kernel a tile_addend().
std::unique_ptr<HostKernel> make_fused(FusionParts parts);

}  // namespace rheobase
