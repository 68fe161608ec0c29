#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace rheobase {

/// Pixels of a test image, of `channels` values each, row by row from the top.
struct TestImage {
  int width = 1;
  int height = 1;
  int channels = 3;
  std::vector<std::uint8_t> bytes;  ///< of 16-bit values both, the upper one first; packed below 8 bits
};

/// Seeded noise.
TestImage noise_image(int width, int height, int channels = 3, std::uint32_t seed = 1);
/// All pixels of one colour.
TestImage flat_image(int width, int height, const std::vector<std::uint8_t>& colour);

/// A PNG of the type that `channels` says, of `depth` bits a value.
std::string png_file(const TestImage& image, int depth = 8, bool interlaced = false);
/// A PNG of indices into a palette of RGB colours, the first of them transparent.
std::string palette_png_file(const TestImage& indices, std::span<const std::uint8_t> palette);
/// A JPEG: grey, RGB, or CMYK, which is stored as given, with Adobe's mark.
std::string jpeg_file(const TestImage& image, int quality = 95);

}  // namespace rheobase
