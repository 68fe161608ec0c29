#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace rheobase {

/// Extents, outermost first; a sample is {C, H, W} or {N}, without a batch dimension.
using Shape = std::vector<std::int64_t>;

/// Product of the extents (1 for a scalar). Throws InputError on a negative extent or a product beyond 2^40.
std::int64_t element_count(const Shape& shape);

/// `64x3x3`; `scalar` for no extents.
std::string to_string(const Shape& shape);

/// A sample's shape read as an image: {N} is {N, 1, 1}.
struct ImageShape {
  std::int64_t channels = 0;
  std::int64_t height = 1;
  std::int64_t width = 1;

  std::int64_t pixels() const { return height * width; }
  std::int64_t size() const { return channels * pixels(); }
};
ImageShape as_image(const Shape& shape);

}  // namespace rheobase
