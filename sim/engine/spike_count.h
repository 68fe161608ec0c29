#pragma once

#include <cstdint>

#include "sim/op/signal.h"

namespace rheobase {

/// Spikes of one lane, or what its counts of spikes add up to.
std::uint64_t count_events(const SignalSpec& spec, const SignalView& view, int lane);

/// Sum of the hash terms (core/hash.h) of one lane's spikes; neurons are numbered in C, H, W order.
std::uint64_t hash_spikes(const SignalSpec& spec, const std::uint64_t* words, std::uint64_t prefix);

}  // namespace rheobase
