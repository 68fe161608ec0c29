#pragma once

#include <cstdint>

#include "experiments/data/data_set.h"
#include "experiments/data/normalization.h"
#include "sim/graph/graph.h"

namespace rheobase {

/// What a network does with pixels before its first layer.
enum class PixelUse {
  raw,         ///< takes them as they are
  rescales,    ///< with a scale and shift of its own, which may be for any range
  normalizes,  ///< subtracts the mean and divides by the deviation of pixels in [0, 1]
};
PixelUse pixel_use(const Normalization& normalization);
PixelUse pixel_use(const Graph& graph);

/// Looks at samples first .. first + count - 1, a few dozen of them where there are more, of a data set whose
/// pixels are real numbers. Throws InputError naming file, sample and value where pixels that are no pixels
/// in [0, 1] would be normalised; returns what is unlikely.
Notes check_pixel_range(const ImageSet& data, std::int64_t first, std::int64_t count, PixelUse use);

}  // namespace rheobase
