#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "sim/core/shape.h"

namespace rheobase {

/// How the values that travel along an edge are stored, per slot, pixel-major: all channels of a pixel
/// together.
enum class SignalType {
  real32,  ///< float32 [H][W][C]
  spikes   ///< one bit a neuron: [H][W][ceil(C/64)] 64-bit words, channel c is bit c % 64; unused bits are 0
};

/// What travels along an edge. The value of channel c is the stored number times scale(c): a spike train
/// keeps the height of its spikes here, so that spikes stay bits and the height is folded into the next
/// weights.
struct SignalSpec {
  SignalType type = SignalType::real32;
  ImageShape shape;
  std::vector<float> scales{1.0F};  ///< one number, or one a channel
  bool constant = false;  ///< the same at every step of a sample (direct coding, before the first state)

  float scale(std::int64_t channel) const { return scales.size() == 1 ? scales[0] : scales[channel]; }
  bool unit_scale() const { return scales.size() == 1 && scales[0] == 1.0F; }
  std::int64_t words_per_pixel() const { return (shape.channels + 63) / 64; }
  /// Storage of one slot.
  std::size_t bytes() const {
    return type == SignalType::real32
               ? static_cast<std::size_t>(shape.size()) * sizeof(float)
               : static_cast<std::size_t>(shape.pixels() * words_per_pixel()) * sizeof(std::uint64_t);
  }
};

/// A signal's storage for all slots. Not owned.
struct SignalView {
  std::byte* data = nullptr;
  std::size_t slot_bytes = 0;

  float* real(int slot) const { return reinterpret_cast<float*>(data + slot_bytes * slot); }
  std::uint64_t* spikes(int slot) const { return reinterpret_cast<std::uint64_t*>(data + slot_bytes * slot); }
};

}  // namespace rheobase
