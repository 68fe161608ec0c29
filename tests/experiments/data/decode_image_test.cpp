#include "experiments/data/decode_image.h"

#include <gmock/gmock.h>
#include <zlib.h>

#include <cstdlib>

#include "tests/experiments/data/image_files.h"

namespace rheobase {
namespace {

using testing::AllOf;
using testing::HasSubstr;

using Bytes = std::vector<std::uint8_t>;

Bytes decoded(const std::string& file) { return decode_image(file).bytes; }

// Every value is of three equal channels.
Bytes three_times(const Bytes& grey) {
  Bytes rgb;
  for (const std::uint8_t value : grey) rgb.insert(rgb.end(), 3, value);
  return rgb;
}

std::string refusal(const std::string& file) {
  try {
    decode_image(file);
  } catch (const BadImage& bad) {
    return bad.what();
  }
  return "";
}

TEST(DecodePng, KeepsSizeAndColours) {
  const TestImage image = noise_image(7, 5);
  const RgbImage read = decode_image(png_file(image));
  EXPECT_EQ(size_text(read), "7x5");
  EXPECT_EQ(read.bytes, image.bytes);
  EXPECT_EQ(decoded(png_file(image, 8, true)), image.bytes);  // interlaced
}

TEST(DecodePng, MakesThreeChannelsOfGrey) {
  const TestImage image = noise_image(6, 4, 1);
  EXPECT_EQ(decoded(png_file(image)), three_times(image.bytes));
  // Eight pixels of one bit, four of two, two of four: the largest value is white.
  EXPECT_EQ(decoded(png_file({8, 1, 1, {0b10010110}}, 1)), three_times({255, 0, 0, 255, 0, 255, 255, 0}));
  EXPECT_EQ(decoded(png_file({4, 1, 1, {0b00011011}}, 2)), three_times({0, 85, 170, 255}));
  EXPECT_EQ(decoded(png_file({2, 1, 1, {0x2f}}, 4)), three_times({2 * 17, 255}));
}

TEST(DecodePng, LeavesAlphaOutAndColoursBehindItAsTheyAre) {
  EXPECT_EQ(decoded(png_file({2, 1, 4, {10, 20, 30, 0, 40, 50, 60, 128}})), (Bytes{10, 20, 30, 40, 50, 60}));
  EXPECT_EQ(decoded(png_file({2, 1, 2, {10, 0, 40, 128}})), three_times({10, 40}));
}

TEST(DecodePng, LooksPalettesUpTransparentOrNot) {
  EXPECT_EQ(decoded(palette_png_file({3, 1, 1, {1, 0, 2}}, Bytes{1, 2, 3, 4, 5, 6, 7, 8, 9})),
            (Bytes{4, 5, 6, 1, 2, 3, 7, 8, 9}));
}

TEST(DecodePng, TakesTheUpperEightOfSixteenBits) {
  EXPECT_EQ(decoded(png_file({1, 1, 3, {10, 255, 20, 0, 30, 128}}, 16)), (Bytes{10, 20, 30}));
  EXPECT_EQ(decoded(png_file({2, 1, 1, {1, 255, 200, 0}}, 16)), three_times({1, 200}));
}

void expect_near(const RgbImage& image, const Bytes& colour, int tolerance) {
  for (std::size_t i = 0; i < image.bytes.size(); ++i)
    ASSERT_NEAR(image.bytes[i], colour[i % 3], tolerance) << "byte " << i;
}

TEST(DecodeJpeg, KeepsSizeAndColours) {
  const RgbImage red = decode_image(jpeg_file(flat_image(19, 11, {200, 30, 60})));
  EXPECT_EQ(size_text(red), "19x11");
  expect_near(red, {200, 30, 60}, 3);
  const TestImage image = noise_image(16, 16, 1);
  const Bytes grey = decoded(jpeg_file(image, 100));
  for (std::size_t i = 0; i < image.bytes.size(); ++i) {
    ASSERT_NEAR(grey[3 * i], image.bytes[i], 4);
    ASSERT_EQ(grey[3 * i], grey[3 * i + 1]);
    ASSERT_EQ(grey[3 * i], grey[3 * i + 2]);
  }
}

// Adobe stores 255 for no ink.
TEST(DecodeJpeg, ConvertsInvertedInks) {
  expect_near(decode_image(jpeg_file(flat_image(8, 8, {255, 255, 255, 255}))), {255, 255, 255}, 2);
  expect_near(decode_image(jpeg_file(flat_image(8, 8, {0, 255, 255, 255}))), {0, 255, 255}, 2);
  expect_near(decode_image(jpeg_file(flat_image(8, 8, {255, 255, 255, 0}))), {0, 0, 0}, 2);
  expect_near(decode_image(jpeg_file(flat_image(8, 8, {200, 100, 255, 128}))), {100, 50, 128}, 3);
}

TEST(DecodeImage, RefusesEveryFileThatIsCutShort) {
  for (const std::string& file :
       {png_file(noise_image(9, 9)), jpeg_file(noise_image(9, 9)), jpeg_file(noise_image(9, 9, 1))}) {
    ASSERT_EQ(refusal(file), "");
    for (std::size_t size = 0; size < file.size(); ++size)
      ASSERT_NE(refusal(file.substr(0, size)), "") << size << " of " << file.size() << " bytes";
  }
  EXPECT_THAT(refusal(jpeg_file(noise_image(64, 64)).substr(0, 2000)),
              HasSubstr("remature end of JPEG file"));
  EXPECT_THAT(refusal(png_file(noise_image(64, 64)).substr(0, 2000)), HasSubstr("cut short"));
}

TEST(DecodeImage, RefusesDamage) {
  std::string png = png_file(noise_image(9, 9));
  png[png.size() / 2] ^= 1;  // within the pixels, which have a checksum
  EXPECT_NE(refusal(png), "");
  std::string jpeg = jpeg_file(noise_image(64, 64));
  jpeg.erase(1500, 3000);
  EXPECT_NE(refusal(jpeg), "");
}

TEST(DecodeImage, SaysWhatIsNoImage) {
  EXPECT_EQ(refusal(""), "empty");
  EXPECT_EQ(refusal("GIF89a"), "neither JPEG nor PNG");
}

// Before the memory of the claim is taken.
TEST(DecodeImage, RefusesSizesThatTheFileCannotHold) {
  std::string png = png_file(noise_image(9, 9));
  png.replace(16, 8, std::string("\0\0\x2c\0\0\0\x2c\0", 8));  // width and height of IHDR
  const auto sum = crc32(0, reinterpret_cast<const Bytef*>(png.data()) + 12, 17);
  for (int i = 0; i < 4; ++i) png[29 + i] = static_cast<char>(sum >> (24 - 8 * i));
  EXPECT_THAT(refusal(png), HasSubstr("cut short: 11264x11264 pixels in"));

  std::string jpeg = jpeg_file(noise_image(9, 9));
  const std::size_t frame = jpeg.find("\xff\xc0");
  jpeg.replace(frame + 5, 4, "\x2c\x01\x2c\x01");
  EXPECT_THAT(refusal(jpeg), HasSubstr("cut short: 11265x11265 pixels in"));
  jpeg.replace(frame + 5, 4, "\xff\x01\xff\x01");
  EXPECT_THAT(refusal(jpeg), AllOf(HasSubstr("65281x65281 pixels, at most"), HasSubstr("are read")));
}

}  // namespace
}  // namespace rheobase
