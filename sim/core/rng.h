#pragma once

#include <cstdint>

#include "sim/core/hash.h"

namespace rheobase {

/// Counter-based uniform number in [0, 1): a pure function of its counters, so a sample draws the same
/// numbers whatever slot, thread or order it is simulated in. 24 bits, exact in float32.
RHEOBASE_HD inline float uniform(std::uint64_t seed, std::uint64_t sample, std::uint64_t step,
                                 std::uint64_t index) {
  const std::uint64_t bits = mix64(mix64(mix64(mix64(seed) ^ sample) ^ step) ^ index);
  return static_cast<float>(bits >> 40) * 0x1.0p-24F;
}

}  // namespace rheobase
