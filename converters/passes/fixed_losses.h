#pragma once

#include "converters/passes/fixed_currents.h"
#include "converters/passes/layer_rounding.h"

namespace rheobase::fixed {

/// Compares the integers of every synapse in `rounded` with the weights of `real`; `signals` has the units
/// that were chosen.
std::vector<LayerRounding> measure_losses(const Network& real, const Graph& rounded, const Currents& currents,
                                          const Signals& signals);

}  // namespace rheobase::fixed
