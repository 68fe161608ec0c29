#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sim/engine/engine.h"

namespace rheobase {

/// Turns a sample's pixels into what the Input node emits: normalised, pixel-major, coded.
class InputEncoder {
 public:
  /// `input` is the graph's Input node with its tensors `mean` and `std`, if it has them.
  InputEncoder(const Node& input, const ImageShape& shape, Coding coding, std::uint64_t seed);

  /// out[pixel][channel] = (x - mean) / std with x the pixel (direct), or x = 1 with probability pixel
  /// (poisson).
  void encode(std::span<const float> pixels, std::uint64_t sample, std::uint64_t step, float* out) const;
  /// The same in fixed arithmetic, times 2^fraction_bits, rounded to nearest, ties to even. Throws InputError
  /// naming the sample where a value leaves +-largest_fixed.
  void encode(std::span<const float> pixels, std::uint64_t sample, std::uint64_t step,
              std::int16_t* out) const;

  static constexpr std::int64_t largest_fixed = 32767;

 private:
  float value(float pixel, std::uint64_t sample, std::uint64_t step, std::int64_t index) const;

  ImageShape shape_;
  Coding coding_;
  std::uint64_t seed_;
  float fixed_scale_;              // 2^fraction_bits
  std::vector<float> mean_, std_;  // one a channel
};

}  // namespace rheobase
