#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "sim/core/host_device.h"
#include "sim/core/shape.h"

namespace rheobase {

/// How the values that travel along an edge are stored, pixel-major: all channels of a pixel together.
enum class SignalType {
  real32,  ///< float32 [H][W][C]
  spikes,  ///< one bit a neuron: [H][W][ceil(C/64)] 64-bit words, channel c is bit c % 64; unused bits are 0
  signs,   ///< stored like spikes: a set bit is +1, another -1
  int16,   ///< fixed arithmetic, what a synapse can read: counts and the image, [H][W][C]
  int32    ///< fixed arithmetic, currents: [H][W][C]
};

/// What travels along an edge. In float32 arithmetic the value of channel c is the stored number times
/// scale(c): a spike train keeps the height of its spikes here, so that spikes stay bits and the height is
/// folded into the next weights. In fixed arithmetic the stored integer is the value and scale is 1.
struct SignalSpec {
  SignalType type = SignalType::real32;
  ImageShape shape;
  std::vector<float> scales{1.0F};  ///< one number, or one a channel
  bool constant = false;  ///< the same at every step of a sample (direct coding, before the first state)
  std::int64_t low = 0;   ///< bounds of the integers of fixed arithmetic, proved when planned
  std::int64_t high = 1;
  /// Of real32: most of the numbers are 0, as those that spiking neurons and events leave.
  bool sparse = false;

  float scale(std::int64_t channel) const { return scales.size() == 1 ? scales[0] : scales[channel]; }
  bool unit_scale() const { return scales.size() == 1 && scales[0] == 1.0F; }
  bool is_bits() const { return type == SignalType::spikes || type == SignalType::signs; }
  std::int64_t words_per_pixel() const { return (shape.channels + 63) / 64; }
  /// Storage of one lane.
  std::size_t bytes() const {
    if (is_bits())
      return static_cast<std::size_t>(shape.pixels() * words_per_pixel()) * sizeof(std::uint64_t);
    return static_cast<std::size_t>(shape.size()) * (type == SignalType::int16 ? 2 : 4);
  }
};

/// A signal's storage for all lanes, or a node's state. Not owned. A lane is one time step of one slot: the
/// engine may hold several consecutive steps of a slot at once, which share the slot's state and its constant
/// signals.
struct SignalView {
  std::byte* data = nullptr;
  std::size_t entry_bytes = 0;
  int lanes_per_entry = 1;  ///< 1, or all lanes of a slot

  RHEOBASE_HD std::byte* entry(int lane) const {
    return data + entry_bytes * static_cast<std::size_t>(lane / lanes_per_entry);
  }
  RHEOBASE_HD float* real(int lane) const { return reinterpret_cast<float*>(entry(lane)); }
  RHEOBASE_HD std::uint64_t* spikes(int lane) const { return reinterpret_cast<std::uint64_t*>(entry(lane)); }
  RHEOBASE_HD std::int16_t* int16(int lane) const { return reinterpret_cast<std::int16_t*>(entry(lane)); }
  RHEOBASE_HD std::int32_t* int32(int lane) const { return reinterpret_cast<std::int32_t*>(entry(lane)); }
};

}  // namespace rheobase
