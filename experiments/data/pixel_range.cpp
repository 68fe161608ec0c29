#include "experiments/data/pixel_range.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace rheobase {
namespace {

constexpr std::int64_t looked_at = 32;
// Resampling leaves [0, 1] by some tenths; what was normalised before, or is from 0 to 255, leaves it by
// more.
constexpr float least_pixel = -0.75F;
constexpr float largest_pixel = 1.75F;

struct Seen {
  std::int64_t sample = -1;  // with the value furthest from [0, 1]
  float value = 0.5F;
  bool whole = true;  // all values are whole numbers from 0 to 255
};

float distance(float value) { return std::max(value - 1.0F, -value); }

Seen look(const ImageSet& data, std::int64_t first, std::int64_t count) {
  Seen seen;
  std::vector<float> pixels(static_cast<std::size_t>(element_count(data.shape())));
  const std::int64_t samples = std::min(count, looked_at);
  for (std::int64_t i = 0; i < samples; ++i) {
    const std::int64_t sample = first + i * count / samples;
    data.read(sample, pixels);
    for (const float pixel : pixels) {
      seen.whole = seen.whole && pixel >= 0.0F && pixel <= 255.0F && pixel == std::floor(pixel);
      if (seen.sample >= 0 && distance(pixel) <= distance(seen.value)) continue;
      seen.sample = sample;
      seen.value = pixel;
    }
  }
  return seen;
}

bool within(const std::vector<float>& values, float low, float high) {
  return std::all_of(values.begin(), values.end(),
                     [&](float value) { return value >= low && value <= high; });
}

}  // namespace

PixelUse pixel_use(const Normalization& n) {
  if (within(n.mean, 0.0F, 0.0F) && within(n.std, 1.0F, 1.0F)) return PixelUse::raw;
  const bool of_pixels = within(n.mean, 0.0F, 1.0F) && within(n.std, 0.0F, 1.0F);
  return of_pixels ? PixelUse::normalizes : PixelUse::rescales;
}

PixelUse pixel_use(const Graph& graph) {
  const PixelUse use = pixel_use(normalization_of(graph));
  return use == PixelUse::raw && rescales_itself(graph) ? PixelUse::rescales : use;
}

Notes check_pixel_range(const ImageSet& data, std::int64_t first, std::int64_t count, PixelUse use) {
  if (!data.info().real_pixels || use == PixelUse::rescales) return {};
  const Seen seen = look(data, first, count);
  if (seen.value >= least_pixel && seen.value <= largest_pixel) return {};
  if (!seen.whole && data.shape().size() == 1) return {};  // no image: measured values, standardised
  const std::string& file = data.info().files.front();
  const std::string where = fmt::format("images, sample {}", seen.sample);
  if (use == PixelUse::normalizes) {
    const char* const way_out = seen.whole
                                    ? "store them as uint8, or divide them by 255"
                                    : "give them as they were before they were normalised, or a network "
                                      "without normalisation";
    throw InputError(file, where,
                     fmt::format("has a pixel of {:.6g}, and the network normalises pixels in [0, 1]: {}",
                                 seen.value, way_out));
  }
  if (!seen.whole) return {};
  return {
      {where, fmt::format("has a pixel of {:.6g}: whole numbers from 0 to 255 are taken as they are; for a "
                          "network of pixels in [0, 1] store them as uint8, or divide them by 255",
                          seen.value)}};
}

}  // namespace rheobase
