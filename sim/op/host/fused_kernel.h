#pragma once

#include <memory>
#include <vector>

#include "sim/op/host/tile.h"

namespace rheobase {

/// What is added to a synapse's output on the way to the neuron: a kernel with a tile_addend(), or no kernel
/// for a current that is stored already.
struct FusedAddend {
  std::unique_ptr<HostKernel> kernel;
  SignalSpec input;
};

/// Synapse, join and neuron as one kernel: what passes between them is never stored. Inputs: that of the
/// synapse, then one for each addend. `source` has a tile_source(), `neuron` a tile_neuron().
std::unique_ptr<HostKernel> make_fused(std::unique_ptr<HostKernel> source, std::vector<FusedAddend> addends,
                                       std::unique_ptr<HostKernel> neuron);

}  // namespace rheobase
