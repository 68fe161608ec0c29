#pragma once

#include <cstdint>

#include "sim/core/host_device.h"

namespace rheobase {

/// Bijective 64-bit mix (the finaliser of SplitMix64, Steele, Lea and Flood 2014).
RHEOBASE_HD constexpr std::uint64_t mix64(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15U;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31);
}

/// What every spike of one node, sample and step has in common; step counts from 1.
RHEOBASE_HD constexpr std::uint64_t spike_hash_prefix(std::uint64_t sample, std::uint64_t step,
                                                      std::uint64_t node) {
  return mix64(mix64(mix64(sample) ^ step) ^ node);
}

/// One spike's term of the spike hash. The hash of a run is the sum of all terms modulo 2^64, so it does not
/// depend on the order in which spikes are found. `neuron` indexes the node's output in C, H, W order.
RHEOBASE_HD constexpr std::uint64_t spike_hash_term(std::uint64_t prefix, std::uint64_t neuron,
                                                    std::int64_t value) {
  return mix64(mix64(prefix ^ neuron) ^ static_cast<std::uint64_t>(value));
}

}  // namespace rheobase
