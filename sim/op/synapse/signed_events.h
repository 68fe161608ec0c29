#pragma once

#include <cstdint>

#include "sim/op/synapse/fixed_conv2d_plan.h"

namespace rheobase {

// Spikes of either sign, as an int16 signal has them, seen as spikes of twice as many channels: those above
// 0, and `signed_half` channels on those below. A synapse that reads them is one with the same weights and
// their negatives, and everything that lists and adds spikes serves it.

/// Where the channels of negative spikes begin; their halves fill words.
constexpr std::int64_t signed_half(std::int64_t channels) {
  return channels <= 32 ? 32 : (channels + 63) / 64 * 64;
}

/// Whether the input of `plan` is such a signal, and of one group.
bool reads_signed_spikes(const FixedConv2dPlan& plan);

/// `plan` over spikes of 2 * signed_half channels; as it is where it reads anything else.
FixedConv2dPlan over_spikes(const FixedConv2dPlan& plan);

/// The bits of some pixels: 2 * signed_half(channels) / 64 words each.
void signs_as_bits(const std::int16_t* values, std::int64_t pixels, std::int64_t channels,
                   std::uint64_t* words);

}  // namespace rheobase
