#pragma once

namespace rheobase {

/// Density of spikes from which multiply_counts() is faster than sum_events(): measured once in a program, in
/// about a millisecond, since it depends on the processor's vector instructions. Decides about time only.
double dense_density();

}  // namespace rheobase
