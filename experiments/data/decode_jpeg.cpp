#include <cstddef>
#include <cstdio>

// Needs both before it, as what follows needs it.
#include <jpeglib.h>

#include <jerror.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <csetjmp>

#include "experiments/data/decode_image.h"

namespace rheobase {
namespace {

// Of the components of a pixel most may be there once in 32, but the densest of them has a bit or more for 64
// pixels in Huffman coding: 512 pixels a byte. Twice as many for arithmetic coding.
constexpr std::int64_t most_pixels_a_byte = 1024;

// What libjpeg calls where it would print or end the process.
struct ErrorHandler {
  jpeg_error_mgr base;  // the first member: libjpeg knows no other
  std::jmp_buf escape;
  std::array<char, JMSG_LENGTH_MAX> message;
};

[[noreturn]] void leave(j_common_ptr info) {
  auto* const handler = reinterpret_cast<ErrorHandler*>(info->err);
  info->err->format_message(info, handler->message.data());
  std::longjmp(handler->escape, 1);  // NOLINT(cert-err52-cpp): the way out of a C library
}

// Below 0 are what libjpeg takes for damage and repairs with grey.
void warn(j_common_ptr info, int level) {
  if (level >= 0) return;
  const int code = info->err->msg_code;
  if (code != JWRN_EXTRANEOUS_DATA && code != JWRN_JFIF_MAJOR && code != JWRN_ADOBE_XFORM) leave(info);
}

void print_nothing(j_common_ptr /*info*/) {}

// libjpeg's decompressor of one image.
class Decoder {
 public:
  Decoder() {
    info_.err = jpeg_std_error(&handler_.base);
    handler_.base.error_exit = leave;
    handler_.base.emit_message = warn;
    handler_.base.output_message = print_nothing;
    guarded([this] { jpeg_create_decompress(&info_); });
  }
  ~Decoder() { jpeg_destroy_decompress(&info_); }
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  void read_header(std::string_view bytes) {
    guarded([this, bytes] {
      jpeg_mem_src(&info_, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
      jpeg_read_header(&info_, TRUE);
      const bool inks = info_.jpeg_color_space == JCS_CMYK || info_.jpeg_color_space == JCS_YCCK;
      info_.out_color_space = inks ? JCS_CMYK : JCS_RGB;
      info_.dct_method = JDCT_ISLOW;
    });
  }

  const jpeg_decompress_struct& info() const { return info_; }

  // `rows` has room for all of them.
  void read_rows(std::uint8_t* rows) {
    guarded([this, rows] {
      jpeg_start_decompress(&info_);
      const std::size_t row_bytes = std::size_t{info_.output_width} * info_.output_components;
      while (info_.output_scanline < info_.output_height) {
        JSAMPROW row = rows + info_.output_scanline * row_bytes;
        jpeg_read_scanlines(&info_, &row, 1);
      }
      jpeg_finish_decompress(&info_);
    });
  }

 private:
  // `step` calls libjpeg alone and owns nothing: an error leaves it without destructors.
  template <class Step>
  void guarded(const Step& step) {
    if (setjmp(handler_.escape) != 0)  // NOLINT(cert-err52-cpp)
      throw BadImage(handler_.message.data());
    step();
  }

  jpeg_decompress_struct info_{};
  ErrorHandler handler_{};
};

// round(a * b / 255), as PIL has it.
int times(int a, int b) {
  const int product = a * b + 128;
  return ((product >> 8) + product) >> 8;
}

// PIL's conversion: what a colour's ink leaves of the light that black leaves. The four are stored inverted.
std::vector<std::uint8_t> rgb_of_inverted_cmyk(const std::vector<std::uint8_t>& inks) {
  std::vector<std::uint8_t> rgb(inks.size() / 4 * 3);
  for (std::size_t pixel = 0; 4 * pixel < inks.size(); ++pixel) {
    const int light = inks[4 * pixel + 3];
    for (std::size_t k = 0; k < 3; ++k)
      rgb[3 * pixel + k] =
          static_cast<std::uint8_t>(std::clamp(light - times(255 - inks[4 * pixel + k], light), 0, 255));
  }
  return rgb;
}

}  // namespace

RgbImage decode_jpeg(std::string_view bytes) {
  Decoder decoder;
  decoder.read_header(bytes);
  const jpeg_decompress_struct& info = decoder.info();
  RgbImage image;
  image.height = info.image_height;
  image.width = info.image_width;
  check_image_size(image.height, image.width, most_pixels_a_byte, bytes.size());
  if (info.num_components == 2 || info.num_components > 4)
    throw BadImage(fmt::format("a JPEG of {} components, expected 1, 3 or 4", info.num_components));
  const bool inks = info.out_color_space == JCS_CMYK;
  image.bytes.resize(static_cast<std::size_t>(image.height * image.width * (inks ? 4 : 3)));
  decoder.read_rows(image.bytes.data());
  if (inks) image.bytes = rgb_of_inverted_cmyk(image.bytes);
  return image;
}

}  // namespace rheobase
