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

 private:
  ImageShape shape_;
  Coding coding_;
  std::uint64_t seed_;
  std::vector<float> mean_, std_;  // one a channel
};

}  // namespace rheobase
