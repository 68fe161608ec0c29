#include <fmt/format.h>
#include <png.h>

#include <algorithm>
#include <array>
#include <csetjmp>
#include <cstring>

#include "experiments/data/decode_image.h"

namespace rheobase {
namespace {

// Deflate makes of a byte at most 1032, each of eight pixels of one bit.
constexpr std::int64_t most_pixels_a_byte = std::int64_t{8} * 1040;

// What libpng's callbacks see.
struct Source {
  std::string_view rest;  // not read yet
  std::jmp_buf escape;
  std::array<char, 200> message;
};

[[noreturn]] void leave(png_structp png, png_const_charp message) {
  auto* const source = static_cast<Source*>(png_get_error_ptr(png));
  std::strncpy(source->message.data(), message, source->message.size() - 1);
  std::longjmp(source->escape, 1);  // NOLINT(cert-err52-cpp): the way out of a C library
}

void pass_over(png_structp /*png*/, png_const_charp /*warning*/) {}

void read_bytes(png_structp png, png_bytep to, png_size_t count) {
  auto* const source = static_cast<Source*>(png_get_io_ptr(png));
  if (count > source->rest.size()) png_error(png, "cut short");
  std::memcpy(to, source->rest.data(), count);
  source->rest.remove_prefix(count);
}

// libpng's reader of one image.
class Decoder {
 public:
  explicit Decoder(std::string_view bytes) {
    source_.rest = bytes;
    png_ = png_create_read_struct(PNG_LIBPNG_VER_STRING, &source_, leave, pass_over);
    info_ = png_ == nullptr ? nullptr : png_create_info_struct(png_);
    if (info_ != nullptr) return;
    png_destroy_read_struct(&png_, nullptr, nullptr);
    throw BadImage("libpng does not start");
  }
  ~Decoder() { png_destroy_read_struct(&png_, &info_, nullptr); }
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  // Size of the image; from here on rows are of RGB.
  void read_header(RgbImage& image) {
    guarded([&] {
      png_set_read_fn(png_, &source_, read_bytes);
      png_set_user_limits(png_, PNG_UINT_31_MAX, PNG_UINT_31_MAX);  // ours is of pixels
      png_read_info(png_, info_);
    });
    image.height = png_get_image_height(png_, info_);
    image.width = png_get_image_width(png_, info_);
  }

  void read_rows(const std::vector<png_bytep>& rows) {
    guarded([&] {
      const int type = png_get_color_type(png_, info_);
      if (type == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(png_);
      if (png_get_bit_depth(png_, info_) < 8 && type == PNG_COLOR_TYPE_GRAY)
        png_set_expand_gray_1_2_4_to_8(png_);
      png_set_strip_16(png_);
      png_set_strip_alpha(png_);
      if (type == PNG_COLOR_TYPE_GRAY || type == PNG_COLOR_TYPE_GRAY_ALPHA) png_set_gray_to_rgb(png_);
      png_set_interlace_handling(png_);
      png_read_update_info(png_, info_);
      if (png_get_rowbytes(png_, info_) != 3 * std::size_t{png_get_image_width(png_, info_)})
        png_error(png_, "rows of another length");
      png_read_image(png_, const_cast<png_bytepp>(rows.data()));
      png_read_end(png_, nullptr);
    });
  }

 private:
  // `step` calls libpng alone and owns nothing: an error leaves it without destructors.
  template <class Step>
  void guarded(const Step& step) {
    if (setjmp(source_.escape) != 0)  // NOLINT(cert-err52-cpp)
      throw BadImage(source_.message.data());
    step();
  }

  Source source_{};
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
};

}  // namespace

RgbImage decode_png(std::string_view bytes) {
  Decoder decoder(bytes);
  RgbImage image;
  decoder.read_header(image);
  check_image_size(image.height, image.width, most_pixels_a_byte, bytes.size());
  image.bytes.resize(static_cast<std::size_t>(3 * image.height * image.width));
  std::vector<png_bytep> rows(static_cast<std::size_t>(image.height));
  for (std::size_t y = 0; y < rows.size(); ++y)
    rows[y] = image.bytes.data() + y * 3 * static_cast<std::size_t>(image.width);
  decoder.read_rows(rows);
  return image;
}

}  // namespace rheobase
