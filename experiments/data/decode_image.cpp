#include "experiments/data/decode_image.h"

#include <fmt/format.h>

namespace rheobase {
namespace {

constexpr std::string_view jpeg_start = "\xff\xd8\xff";
constexpr std::string_view png_start = "\x89PNG\r\n\x1a\n";

}  // namespace

std::string size_text(const RgbImage& image) { return fmt::format("{}x{}", image.width, image.height); }

void check_image_size(std::int64_t height, std::int64_t width, std::int64_t pixels_a_byte,
                      std::size_t file_bytes) {
  if (height < 1 || width < 1) throw BadImage(fmt::format("{}x{} pixels", width, height));
  if (height > max_image_pixels / width)
    throw BadImage(fmt::format("{}x{} pixels, at most {} are read", width, height, max_image_pixels));
  if (height * width / pixels_a_byte > static_cast<std::int64_t>(file_bytes))
    throw BadImage(fmt::format("cut short: {}x{} pixels in {} bytes", width, height, file_bytes));
}

RgbImage decode_image(std::string_view bytes) {
  if (bytes.starts_with(jpeg_start)) return decode_jpeg(bytes);
  if (bytes.starts_with(png_start)) return decode_png(bytes);
  throw BadImage(bytes.empty() ? "empty" : "neither JPEG nor PNG");
}

}  // namespace rheobase
