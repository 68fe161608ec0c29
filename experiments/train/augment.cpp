#include "experiments/train/augment.h"

#include <algorithm>

#include "sim/core/rng.h"

namespace rheobase {
namespace {

enum Use : std::uint64_t { crop_row, crop_column, flipped, cutout_row, cutout_column };

// A whole number in [0, count).
std::int64_t pick(const AugmentDraw& draw, Use use, std::int64_t count) {
  const float u = uniform(draw.seed, static_cast<std::uint64_t>(draw.sample),
                          static_cast<std::uint64_t>(draw.epoch), use);
  return std::min(static_cast<std::int64_t>(u * static_cast<float>(count)), count - 1);
}

void cut_out(const ImageShape& shape, std::int64_t side, const AugmentDraw& draw, std::span<float> result) {
  const std::int64_t top = pick(draw, cutout_row, shape.height) - side / 2;
  const std::int64_t left = pick(draw, cutout_column, shape.width) - side / 2;
  const std::int64_t first = std::max<std::int64_t>(left, 0), last = std::min(left + side, shape.width);
  for (std::int64_t y = std::max<std::int64_t>(top, 0); y < std::min(top + side, shape.height); ++y)
    std::fill_n(result.begin() + (y * shape.width + first) * shape.channels, (last - first) * shape.channels,
                0.0F);
}

}  // namespace

void augment(std::span<const float> pixels, const ImageShape& shape, const Normalization& normalization,
             const AugmentSettings& settings, const AugmentDraw& draw, std::span<float> result) {
  const std::int64_t padding = settings.crop_padding;
  const std::int64_t down = pick(draw, crop_row, 2 * padding + 1) - padding;
  const std::int64_t right = pick(draw, crop_column, 2 * padding + 1) - padding;
  const bool mirror = settings.flip && pick(draw, flipped, 2) == 1;
  for (std::int64_t c = 0; c < shape.channels; ++c) {
    const auto entry = [&](const std::vector<float>& list, float otherwise) {
      return list.empty() ? otherwise : list[list.size() == 1 ? 0 : static_cast<std::size_t>(c)];
    };
    const float mean = entry(normalization.mean, 0.0F), std = entry(normalization.std, 1.0F);
    for (std::int64_t y = 0; y < shape.height; ++y) {
      for (std::int64_t x = 0; x < shape.width; ++x) {
        const std::int64_t from_y = y + down;
        const std::int64_t from_x = (mirror ? shape.width - 1 - x : x) + right;
        const bool inside = from_y >= 0 && from_y < shape.height && from_x >= 0 && from_x < shape.width;
        const float pixel = inside ? pixels[c * shape.pixels() + from_y * shape.width + from_x] : 0.0F;
        result[(y * shape.width + x) * shape.channels + c] = (pixel - mean) / std;
      }
    }
  }
  if (settings.cutout > 0) cut_out(shape, settings.cutout, draw, result);
}

}  // namespace rheobase
