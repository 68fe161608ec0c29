#pragma once

// JPEG and PNG in memory to pixels. Each library is named in one .cpp file.

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace rheobase {

/// Rows from the top, each of red, green and blue bytes.
struct RgbImage {
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::vector<std::uint8_t> bytes;  ///< 3 * height * width
};

/// `640x480`, width first, as image viewers have it.
std::string size_text(const RgbImage& image);

/// Bytes that are no image, or not one that is read.
class BadImage : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Of an image, before and after it is resized: 400 MB.
inline constexpr std::int64_t max_image_pixels = std::int64_t{1} << 27;

/// Throws BadImage for a size beyond the limit, and for one that `file_bytes` cannot hold, where a byte
/// unpacks to at most `pixels_a_byte`. Before memory is taken.
void check_image_size(std::int64_t height, std::int64_t width, std::int64_t pixels_a_byte,
                      std::size_t file_bytes);

/// Whichever of both it is, by its first bytes.
RgbImage decode_image(std::string_view bytes);

/// Grey becomes three equal channels. CMYK and YCCK are taken as inverted, as Adobe writes them, and
/// converted as PIL does. Data cut short or damaged are refused; bytes too many between markers are passed
/// over, which many cameras leave.
RgbImage decode_jpeg(std::string_view bytes);

/// Palettes are looked up, grey becomes three equal channels, of 16 bits the upper eight count; alpha is left
/// out and the colours behind it stay.
RgbImage decode_png(std::string_view bytes);

}  // namespace rheobase
