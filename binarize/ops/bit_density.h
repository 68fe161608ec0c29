#pragma once

namespace rheobase {

/// Density of spikes from which on counting the bits of a binary synapse is faster than adding a weight row
/// for each spike, in fixed arithmetic; measured on this processor when first asked for.
double bit_density();

}  // namespace rheobase
