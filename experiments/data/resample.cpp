#include "experiments/data/resample.h"

#include <algorithm>
#include <cmath>

namespace rheobase {
namespace {

constexpr std::size_t channels = 3;
// Of a weight, behind the point: a sum of weights times bytes stays within 31 bits.
constexpr int precision_bits = 32 - 8 - 2;
constexpr std::int32_t half = 1 << (precision_bits - 1);

// The pixels that one of the result is made of, and their weights.
struct Taps {
  std::size_t first = 0;
  std::vector<std::int32_t> weights;
};

double triangle(double x) { return std::max(0.0, 1.0 - std::abs(x)); }

// Of 0 or more; one half rounds up.
std::int64_t nearest(double x) { return static_cast<std::int64_t>(std::floor(x + 0.5)); }

// w(x) = triangle((x + 1/2 - center) / s) / sum, center = (at + 1/2) scale, s = max(1, scale), over the x
// within s of the center. Every step is PIL's precompute_coeffs(), whose rounding decides bytes.
Taps taps_of(std::int64_t at, std::int64_t from, std::int64_t to) {
  const double scale = static_cast<double>(from) / static_cast<double>(to);
  const double support = std::max(scale, 1.0);
  const double inverse = 1.0 / support;
  const double center = (static_cast<double>(at) + 0.5) * scale;
  const auto first = nearest(std::max(0.0, center - support));
  const auto end = std::min(from, nearest(center + support));
  std::vector<double> exact;
  double sum = 0.0;
  for (std::int64_t x = 0; x < end - first; ++x) {
    exact.push_back(triangle((static_cast<double>(x + first) - center + 0.5) * inverse));
    sum += exact.back();
  }
  Taps taps;
  taps.first = static_cast<std::size_t>(first);
  for (const double weight : exact)
    taps.weights.push_back(static_cast<std::int32_t>(nearest(weight / sum * (1 << precision_bits))));
  return taps;
}

std::vector<Taps> all_taps(std::int64_t from, std::int64_t to) {
  std::vector<Taps> all;
  all.reserve(static_cast<std::size_t>(to));
  for (std::int64_t at = 0; at < to; ++at) all.push_back(taps_of(at, from, to));
  return all;
}

std::uint8_t rounded(std::int32_t sum) {
  return static_cast<std::uint8_t>(std::clamp(sum >> precision_bits, 0, 255));
}

RgbImage with_width(const RgbImage& image, std::int64_t width) {
  RgbImage result{image.height, width, {}};
  result.bytes.resize(channels * static_cast<std::size_t>(image.height * width));
  const std::vector<Taps> taps = all_taps(image.width, width);
  const std::size_t row_bytes = channels * static_cast<std::size_t>(image.width);
  std::uint8_t* out = result.bytes.data();
  for (std::int64_t y = 0; y < image.height; ++y) {
    const std::uint8_t* const row = image.bytes.data() + static_cast<std::size_t>(y) * row_bytes;
    for (const auto& [first, weights] : taps) {
      std::int32_t sums[channels] = {half, half, half};
      const std::uint8_t* in = row + channels * first;
      for (const std::int32_t weight : weights) {
        for (std::int32_t& sum : sums) sum += weight * *in++;
      }
      for (const std::int32_t sum : sums) *out++ = rounded(sum);
    }
  }
  return result;
}

RgbImage with_height(const RgbImage& image, std::int64_t height) {
  const std::size_t row_bytes = channels * static_cast<std::size_t>(image.width);
  RgbImage result{height, image.width, {}};
  result.bytes.resize(static_cast<std::size_t>(height) * row_bytes);
  std::vector<std::int32_t> sums(row_bytes);
  std::uint8_t* out = result.bytes.data();
  for (const auto& [first, weights] : all_taps(image.height, height)) {
    std::fill(sums.begin(), sums.end(), half);
    const std::uint8_t* in = image.bytes.data() + first * row_bytes;
    for (const std::int32_t weight : weights) {
      for (std::size_t i = 0; i < row_bytes; ++i) sums[i] += weight * in[i];
      in += row_bytes;
    }
    out = std::transform(sums.begin(), sums.end(), out, rounded);
  }
  return result;
}

}  // namespace

RgbImage resample(const RgbImage& image, std::int64_t height, std::int64_t width) {
  const RgbImage* source = &image;
  RgbImage narrowed;
  if (width != image.width) {
    narrowed = with_width(image, width);
    source = &narrowed;
  }
  return height == image.height ? *source : with_height(*source, height);
}

}  // namespace rheobase
