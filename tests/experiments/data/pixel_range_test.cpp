#include "experiments/data/pixel_range.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "tests/sim/format/scratch.h"

namespace rheobase {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

/// Samples of four equal pixels, one value each.
class Flat : public ImageSet {
 public:
  Flat(std::vector<float> values, bool real_pixels, Shape shape = {1, 2, 2})
      : ImageSet(info(values.size(), real_pixels, std::move(shape))), values_(std::move(values)) {}
  void read(std::int64_t index, std::span<float> pixels) const override {
    std::fill(pixels.begin(), pixels.end(), values_.at(index));
  }

 private:
  static DataInfo info(std::size_t samples, bool real_pixels, Shape shape) {
    DataInfo info;
    info.files = {"floats.h5"};
    info.labels.assign(samples, 0);
    info.shape = std::move(shape);
    info.real_pixels = real_pixels;
    return info;
  }
  std::vector<float> values_;
};

std::string refusal(const ImageSet& data, PixelUse use) {
  return input_error([&] { check_pixel_range(data, 0, data.size(), use); });
}
Notes notes(const ImageSet& data, PixelUse use) { return check_pixel_range(data, 0, data.size(), use); }

TEST(PixelRange, RefusesToNormaliseFloatsUpTo255) {
  // 25 % of the answers where 75 % were right.
  EXPECT_THAT(refusal(Flat({0, 17, 255}, true), PixelUse::normalizes),
              AllOf(HasSubstr("floats.h5: images, sample 2: has a pixel of 255"),
                    HasSubstr("store them as uint8, or divide them by 255")));
}

TEST(PixelRange, RefusesToNormaliseTwice) {
  EXPECT_THAT(refusal(Flat({0.5F, -2.25F, 1.25F}, true), PixelUse::normalizes),
              AllOf(HasSubstr("sample 1: has a pixel of -2.25"), HasSubstr("before they were normalised")));
}

TEST(PixelRange, TakesPixelsInAndNearTheUnitInterval) {
  const Flat data({0, 1, -0.25F, 1.25F}, true);
  for (const PixelUse use : {PixelUse::raw, PixelUse::rescales, PixelUse::normalizes})
    EXPECT_THAT(notes(data, use), IsEmpty());
}

TEST(PixelRange, TakesNormalisedPixelsWhereTheNetworkDoesNotNormalise) {
  EXPECT_THAT(notes(Flat({-2.1F, 2.6F}, true), PixelUse::raw), IsEmpty());
  EXPECT_THAT(notes(Flat({0, 255}, true), PixelUse::rescales), IsEmpty());
}

TEST(PixelRange, NotesWholeNumbersThatNobodyScales) {
  const Notes found = notes(Flat({0, 200}, true), PixelUse::raw);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].where, "images, sample 1");
  EXPECT_THAT(found[0].what, HasSubstr("whole numbers from 0 to 255"));
}

TEST(PixelRange, LeavesMeasuredValuesAlone) {
  EXPECT_THAT(notes(Flat({-4, 9.5F}, true, {4}), PixelUse::normalizes), IsEmpty());
  EXPECT_THAT(refusal(Flat({0, 255}, true, {4}), PixelUse::normalizes), HasSubstr("divide them by 255"));
}

TEST(PixelRange, LooksAtTheSamplesThatWillRun) {
  std::vector<float> values(1000, 0.5F);
  values[999] = 255;
  const Flat data(values, true);
  EXPECT_THAT(check_pixel_range(data, 0, 999, PixelUse::normalizes), IsEmpty());
  EXPECT_THAT(input_error([&] { check_pixel_range(data, 999, 1, PixelUse::normalizes); }),
              HasSubstr("sample 999"));
}

TEST(PixelRange, KnowsWhatANetworkDoesWithItsPixels) {
  Graph graph{{{"in", "Input", {}, {}, {}}, {"scaled", "Affine", {"in"}, {}, {}}}};
  EXPECT_EQ(pixel_use(graph), PixelUse::rescales);
  graph.nodes[1].op = "Flatten";
  EXPECT_EQ(pixel_use(graph), PixelUse::raw);
  graph.nodes[0].tensors = {{"mean", {{1}, {0.5F}}}, {"std", {{1}, {0.25F}}}};
  EXPECT_EQ(pixel_use(graph), PixelUse::normalizes);
  graph.nodes[0].tensors = {{"mean", {{1}, {50}}}, {"std", {{1}, {12}}}};
  EXPECT_EQ(pixel_use(graph), PixelUse::rescales);
}

}  // namespace
}  // namespace rheobase
