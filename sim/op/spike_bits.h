#pragma once

#include <cstdint>

namespace rheobase {

// Vector kernels over words of spikes, shared by both arithmetics.

/// Indices of the set bits of `count` words, ascending, each plus `base` modulo 2^16, to `out`; returns how
/// many. Writes up to list_slack entries beyond the last.
std::int64_t list_spikes(const std::uint64_t* words, std::int64_t count, std::uint16_t base,
                         std::uint16_t* out);
inline constexpr std::int64_t list_slack = 16;

/// How many bits are set.
std::uint64_t count_spikes(const std::uint64_t* words, std::int64_t count);

}  // namespace rheobase
