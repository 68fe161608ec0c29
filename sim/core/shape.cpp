#include "sim/core/shape.h"

#include <fmt/format.h>

#include "sim/core/error.h"

namespace rheobase {

std::int64_t element_count(const Shape& shape) {
  constexpr std::int64_t limit = std::int64_t{1} << 40;
  std::int64_t count = 1;
  for (const std::int64_t extent : shape) {
    if (extent < 0 || (extent > 0 && count > limit / extent)) {
      throw InputError("shape", to_string(shape), "extents must be non-negative with a product below 2^40");
    }
    count *= extent;
  }
  return count;
}

std::string to_string(const Shape& shape) {
  return shape.empty() ? "scalar" : fmt::format("{}", fmt::join(shape, "x"));
}

ImageShape as_image(const Shape& shape) {
  if (shape.size() == 1) return {shape[0], 1, 1};
  if (shape.size() == 3) return {shape[0], shape[1], shape[2]};
  throw InternalError("a sample has shape {N} or {C, H, W}, not " + to_string(shape));
}

}  // namespace rheobase
