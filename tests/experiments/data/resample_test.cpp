#include "experiments/data/resample.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>

#include "experiments/data/image_transform.h"
#include "tests/experiments/data/image_files.h"
#include "tests/sim/format/scratch.h"

namespace rheobase {
namespace {

using testing::AllOf;
using testing::HasSubstr;

using Bytes = std::vector<std::uint8_t>;

RgbImage rgb(const TestImage& image) { return {image.height, image.width, image.bytes}; }

// Three equal channels, one row.
RgbImage row_of(const Bytes& values) {
  RgbImage image{1, static_cast<std::int64_t>(values.size()), {}};
  for (const std::uint8_t value : values) image.bytes.insert(image.bytes.end(), 3, value);
  return image;
}

RgbImage transposed(const RgbImage& image) {
  RgbImage result{image.width, image.height, {}};
  for (std::int64_t x = 0; x < image.width; ++x) {
    for (std::int64_t y = 0; y < image.height; ++y) {
      const auto from = image.bytes.begin() + 3 * (y * image.width + x);
      result.bytes.insert(result.bytes.end(), from, from + 3);
    }
  }
  return result;
}

TEST(Resample, MixesTheTwoNearestWhereItEnlarges) {
  // Centers 0.25, 0.75, 1.25, 1.75 of pixels at 0.5 and 1.5.
  EXPECT_EQ(resample(row_of({0, 100}), 1, 4).bytes, row_of({0, 25, 75, 100}).bytes);
}

TEST(Resample, WeighsWithATriangleAsWideAsTwoPixelsOfTheResult) {
  // Center 1, support 2: weights 3/4, 3/4, 1/4 of the pixels at 0.5, 1.5, 2.5, over their sum:
  // (30 + 60 + 30) / 7 = 17.14; from the other end (120 + 90 + 20) / 7 = 32.86.
  EXPECT_EQ(resample(row_of({10, 20, 30, 40}), 1, 2).bytes, row_of({17, 33}).bytes);
  EXPECT_EQ(resample(transposed(row_of({10, 20, 30, 40})), 2, 1).bytes, transposed(row_of({17, 33})).bytes);
}

// One pass along rows as the definition has it, before it is rounded to bytes.
std::vector<double> exact_rows(const RgbImage& image, std::int64_t width) {
  std::vector<double> result;
  const double scale = static_cast<double>(image.width) / static_cast<double>(width);
  const double support = std::max(1.0, scale);
  for (std::int64_t y = 0; y < image.height; ++y) {
    for (std::int64_t at = 0; at < width; ++at) {
      const double center = (static_cast<double>(at) + 0.5) * scale;
      for (int channel = 0; channel < 3; ++channel) {
        double sum = 0.0, weights = 0.0;
        for (std::int64_t x = 0; x < image.width; ++x) {
          const double weight =
              std::max(0.0, 1.0 - std::abs(static_cast<double>(x) + 0.5 - center) / support);
          sum += weight * image.bytes[3 * (y * image.width + x) + channel];
          weights += weight;
        }
        result.push_back(sum / weights);
      }
    }
  }
  return result;
}

TEST(Resample, IsTheDefinitionRoundedInEachPass) {
  // Weights of 22 bits, at most 2^7 of them a pixel: their rounding moves a sum by less than 0.004.
  constexpr double rounding = 0.504;
  for (const auto& [from, to] : {std::pair(50, 7), {7, 50}, {33, 32}, {32, 33}, {64, 1}, {1, 5}, {61, 30}}) {
    const RgbImage image = rgb(noise_image(from, 6));
    const RgbImage rows = resample(image, 6, to);
    const std::vector<double> exact = exact_rows(image, to);
    for (std::size_t i = 0; i < exact.size(); ++i) ASSERT_LT(std::abs(rows.bytes[i] - exact[i]), rounding);
    EXPECT_EQ(resample(transposed(image), to, 6).bytes, transposed(rows).bytes);
    EXPECT_EQ(resample(image, 11, to).bytes, resample(rows, 11, to).bytes);  // rows first, then columns
  }
}

// By Pillow 12.0.0: Image.fromarray(noise).resize((3, 4), Image.BILINEAR), and the first row of (8, 9).
TEST(Resample, GivesTheBytesOfPillow) {
  const RgbImage noise = rgb(noise_image(5, 7));
  EXPECT_EQ(resample(noise, 4, 3).bytes,
            (Bytes{161, 209, 150, 152, 136, 124, 71,  99, 118, 181, 213, 203, 109, 138, 143, 144, 79, 91, 99,
                   136, 91,  148, 96,  96,  151, 121, 77, 44,  204, 144, 158, 161, 85,  126, 164, 133}));
  const RgbImage large = resample(noise, 9, 8);
  EXPECT_EQ(Bytes(large.bytes.begin(), large.bytes.begin() + 24),
            (Bytes{65,  150, 39,  122, 193, 87, 197, 243, 152, 210, 185, 178,
                   154, 110, 147, 28,  19,  58, 26,  103, 92,  35,  175, 125}));
}

TEST(Resample, KeepsAnImageOfThatSize) {
  const RgbImage noise = rgb(noise_image(5, 7));
  EXPECT_EQ(resample(noise, 7, 5).bytes, noise.bytes);
}

ImageTransform transform_of(const std::string& place) {
  return parse_image_place("images:" + place, place).transform;
}

std::string size_after(const std::string& place, int width, int height) {
  return size_text(transform_of(place).apply(rgb(noise_image(width, height))));
}

TEST(ImageTransform, KeepsTheAspectAsTorchvisionDoes) {
  EXPECT_EQ(size_after("d,resize=4", 10, 25), "4x10");
  EXPECT_EQ(size_after("d,resize=4", 25, 10), "10x4");
  EXPECT_EQ(size_after("d,resize=256", 500, 375), "341x256");  // int(256 * 500 / 375)
  EXPECT_EQ(size_after("d,resize=4x9", 10, 25), "9x4");
  EXPECT_EQ(size_after("d", 10, 25), "10x25");
}

TEST(ImageTransform, CropsTheMiddleRoundedToEven) {
  // What is left over is 3, 5 and 7 to the left: starts at round(1.5) = 2, round(2.5) = 2 and round(3.5) = 4.
  for (const auto& [width, start] : {std::pair(5, 2), {7, 2}, {9, 4}, {6, 2}, {2, 0}}) {
    const RgbImage image = rgb(noise_image(width, 2));
    const RgbImage middle = transform_of("d,crop=2").apply(image);
    EXPECT_EQ(size_text(middle), "2x2");
    const auto from = image.bytes.begin() + 3 * start;
    EXPECT_TRUE(std::equal(from, from + 6, middle.bytes.begin())) << width;
  }
}

TEST(ImageTransform, IsOfTheFolderThatItStandsBehind) {
  const auto [folder, transform] = parse_image_place("s", "my,folder,resize=8x9,crop=7");
  EXPECT_EQ(folder, "my,folder");
  EXPECT_EQ(transform.squash, (ImageSize{8, 9}));
  EXPECT_EQ(transform.crop, 7);
  EXPECT_EQ(transform.result(), (ImageSize{7, 7}));
  EXPECT_EQ(transform_of("d,resize=8").result(), std::nullopt);
  EXPECT_EQ(parse_image_place("s", "d,crop=2,resize=3").transform.shorter_edge, 3);
}

TEST(ImageTransform, RefusesWhatIsNoSize) {
  const auto refusal = [](const std::string& place) {
    return input_error([&] { parse_image_place("images:" + place, place); });
  };
  for (const char* const value : {"0", "", "x", "8x", "x8", "-3", "8x8x8", "3.5", "9000", "0x4", "8 "})
    EXPECT_THAT(refusal("d,resize=" + std::string(value)),
                AllOf(HasSubstr("resize: '" + std::string(value) + "'"), HasSubstr("HxW, from 1 to 8192")));
  EXPECT_THAT(refusal("d,crop=2x2"), HasSubstr("crop: '2x2': expected N from 1 to 8192"));
  EXPECT_THAT(refusal("d,resize=4,resize=4x4"), HasSubstr("resize: given twice"));
  EXPECT_THAT(refusal("d,crop=4,crop=4"), HasSubstr("crop: given twice"));
  EXPECT_THAT(refusal("d,resize=4,crop=5"), HasSubstr("crop: 5, of images resized to 4"));
  EXPECT_THAT(refusal("d,resize=4x9,crop=5"), HasSubstr("crop: 5, of images resized to 4"));
  EXPECT_THAT(refusal(",resize=4"), HasSubstr("no folder given"));
}

TEST(ImageTransform, RefusesImagesThatItWouldPadOrBlowUp) {
  const auto refusal = [](const std::string& place, int width, int height) {
    try {
      size_after(place, width, height);
    } catch (const BadImage& bad) {
      return std::string(bad.what());
    }
    return std::string();
  };
  EXPECT_EQ(refusal("d,crop=6", 9, 5),
            "is 9x5, less than crop 6: resize it first, as in --resize 6 --crop 6");
  EXPECT_THAT(refusal("d,resize=8192", 3000, 1), HasSubstr("24576000x8192 pixels, at most"));
  EXPECT_THAT(refusal("d,resize=8192", 1, 20000), HasSubstr("8192x20000 pixels, at most"));
}

}  // namespace
}  // namespace rheobase
