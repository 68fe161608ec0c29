#include "tests/experiments/data/image_files.h"

#include <png.h>

#include <cstddef>
#include <cstdio>
#include <cstdlib>

#include <jpeglib.h>

namespace rheobase {
namespace {

void append(png_structp png, png_bytep bytes, png_size_t count) {
  static_cast<std::string*>(png_get_io_ptr(png))->append(reinterpret_cast<const char*>(bytes), count);
}

int png_type(int channels) {
  constexpr int types[] = {PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_GRAY_ALPHA, PNG_COLOR_TYPE_RGB,
                           PNG_COLOR_TYPE_RGB_ALPHA};
  return types[channels - 1];
}

std::string write_png(const TestImage& image, int type, int depth, int interlace,
                      std::span<const std::uint8_t> palette) {
  std::string file;
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(png);
  png_set_write_fn(png, &file, append, nullptr);
  png_set_IHDR(png, info, image.width, image.height, depth, type, interlace, PNG_COMPRESSION_TYPE_DEFAULT,
               PNG_FILTER_TYPE_DEFAULT);
  if (!palette.empty()) {
    png_set_PLTE(png, info, reinterpret_cast<png_const_colorp>(palette.data()),
                 static_cast<int>(palette.size() / 3));
    const png_byte transparent = 0;
    png_set_tRNS(png, info, &transparent, 1, nullptr);
  }
  png_write_info(png, info);
  const std::size_t row_bytes = image.bytes.size() / image.height;
  std::vector<png_bytep> rows;
  for (int y = 0; y < image.height; ++y)
    rows.push_back(const_cast<png_bytep>(image.bytes.data() + y * row_bytes));
  png_write_image(png, rows.data());
  png_write_end(png, info);
  png_destroy_write_struct(&png, &info);
  return file;
}

}  // namespace

TestImage noise_image(int width, int height, int channels, std::uint32_t seed) {
  TestImage image{width, height, channels, {}};
  for (int i = 0; i < width * height * channels; ++i) {
    seed = seed * 1103515245U + 12345U;
    image.bytes.push_back(static_cast<std::uint8_t>(seed >> 24));
  }
  return image;
}

TestImage flat_image(int width, int height, const std::vector<std::uint8_t>& colour) {
  TestImage image{width, height, static_cast<int>(colour.size()), {}};
  for (int i = 0; i < width * height; ++i)
    image.bytes.insert(image.bytes.end(), colour.begin(), colour.end());
  return image;
}

std::string png_file(const TestImage& image, int depth, bool interlaced) {
  return write_png(image, png_type(image.channels), depth,
                   interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE, {});
}

std::string palette_png_file(const TestImage& indices, std::span<const std::uint8_t> palette) {
  return write_png(indices, PNG_COLOR_TYPE_PALETTE, 8, PNG_INTERLACE_NONE, palette);
}

std::string jpeg_file(const TestImage& image, int quality) {
  constexpr J_COLOR_SPACE spaces[] = {JCS_GRAYSCALE, JCS_UNKNOWN, JCS_RGB, JCS_CMYK};
  jpeg_compress_struct info;
  jpeg_error_mgr errors;
  info.err = jpeg_std_error(&errors);
  jpeg_create_compress(&info);
  unsigned char* memory = nullptr;
  unsigned long size = 0;  // NOLINT(google-runtime-int): libjpeg's
  jpeg_mem_dest(&info, &memory, &size);
  info.image_width = image.width;
  info.image_height = image.height;
  info.input_components = image.channels;
  info.in_color_space = spaces[image.channels - 1];
  jpeg_set_defaults(&info);
  jpeg_set_quality(&info, quality, TRUE);
  jpeg_start_compress(&info, TRUE);
  while (info.next_scanline < info.image_height) {
    auto* row = const_cast<JSAMPROW>(image.bytes.data()) +
                std::size_t{info.next_scanline} * image.width * image.channels;
    jpeg_write_scanlines(&info, &row, 1);
  }
  jpeg_finish_compress(&info);
  std::string file(reinterpret_cast<const char*>(memory), size);
  jpeg_destroy_compress(&info);
  std::free(memory);
  return file;
}

}  // namespace rheobase
