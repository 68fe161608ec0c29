#pragma once

#include <cstdint>

#include "experiments/data/decode_image.h"

namespace rheobase {

/// Bilinear with antialias: a triangle as wide as two pixels of the result (of the source where that is
/// larger) over the pixels of each row, then of each column. The same bytes as PIL's Image.resize with
/// BILINEAR, and so torchvision's Resize of a PIL image: weights of 22 bits behind the point, and 8 bits
/// between the two passes. Pillow 13 takes the columns first where the height falls by more than twice the
/// pixels that the width falls by, which may change a byte by 1; all before it, and this, the rows. `height`
/// and `width` are 1 or more.
RgbImage resample(const RgbImage& image, std::int64_t height, std::int64_t width);

}  // namespace rheobase
