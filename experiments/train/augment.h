#pragma once

#include <cstdint>
#include <span>

#include "experiments/data/normalization.h"
#include "sim/core/shape.h"

namespace rheobase {

/// How a training image is varied. All off: it is only normalised.
struct AugmentSettings {
  std::int64_t crop_padding = 0;  ///< black pixels around, then a random crop of the old size
  bool flip = false;              ///< left to right, every second image
  std::int64_t cutout = 0;        ///< side of a square set to the mean (DeVries and Taylor 2017); 0: none

  bool operator==(const AugmentSettings&) const = default;
};

/// Which variation an image gets: a pure function of these.
struct AugmentDraw {
  std::uint64_t seed = 0;
  std::int64_t sample = 0;
  std::int64_t epoch = 0;
};

/// `pixels` in C, H, W order to `result` as [pixel][channel], varied and normalised.
void augment(std::span<const float> pixels, const ImageShape& shape, const Normalization& normalization,
             const AugmentSettings& settings, const AugmentDraw& draw, std::span<float> result);

}  // namespace rheobase
