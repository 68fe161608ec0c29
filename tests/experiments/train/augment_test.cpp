// What augmentation does to an image, and that batches are a pure function of seed and epoch.
#include "experiments/train/augment.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <set>

#include "experiments/train/batch_loader.h"

namespace rheobase {
namespace {

constexpr ImageShape shape{2, 3, 4};

std::vector<float> ramp() {
  std::vector<float> pixels(shape.size());
  std::iota(pixels.begin(), pixels.end(), 1.0F);
  return pixels;
}

std::vector<float> augmented(const AugmentSettings& settings, std::int64_t epoch,
                             const Normalization& normalization) {
  std::vector<float> result(shape.size());
  augment(ramp(), shape, normalization, settings, {7, 3, epoch}, result);
  return result;
}

float at(const std::vector<float>& image, std::int64_t c, std::int64_t y, std::int64_t x) {
  return image[(y * shape.width + x) * shape.channels + c];
}

TEST(Augment, WithoutSettingsNormalisesAndPutsChannelsLast) {
  const std::vector<float> image = augmented({}, 0, {{1.0F, 2.0F}, {2.0F, 4.0F}});
  const std::vector<float> pixels = ramp();
  for (std::int64_t y = 0; y < 3; ++y) {
    for (std::int64_t x = 0; x < 4; ++x) {
      EXPECT_EQ(at(image, 0, y, x), (pixels[y * 4 + x] - 1) / 2);
      EXPECT_EQ(at(image, 1, y, x), (pixels[12 + y * 4 + x] - 2) / 4);
    }
  }
}

TEST(Augment, MirrorsEverySecondImageOrSo) {
  int mirrored = 0;
  for (int epoch = 0; epoch < 200; ++epoch) {
    const std::vector<float> image = augmented({.flip = true}, epoch, {});
    const bool mirror = at(image, 0, 0, 0) == 4;
    EXPECT_EQ(at(image, 1, 2, 3), mirror ? 21 : 24);
    mirrored += mirror ? 1 : 0;
  }
  EXPECT_GT(mirrored, 70);
  EXPECT_LT(mirrored, 130);
}

TEST(Augment, CropsEveryPlaceOfThePaddedImage) {
  std::set<std::pair<int, int>> places;
  for (int epoch = 0; epoch < 300; ++epoch) {
    const std::vector<float> image = augmented({.crop_padding = 1}, epoch, {});
    const float middle = at(image, 0, 1, 1);  // pixel (1, 1), value 6, moved by up to one row and column
    const int row = static_cast<int>(middle - 1) / 4, column = static_cast<int>(middle - 1) % 4;
    places.insert({row, column});
    EXPECT_EQ(row == 0, at(image, 0, 0, 1) == 0.0F);  // the padding came in
  }
  EXPECT_EQ(places.size(), 9U);
}

TEST(Augment, CutsASquareOutAfterNormalising) {
  for (int epoch = 0; epoch < 50; ++epoch) {
    const std::vector<float> image = augmented({.cutout = 2}, epoch, {{100.0F}, {1.0F}});
    const auto zeros = std::count(image.begin(), image.end(), 0.0F);
    EXPECT_TRUE(zeros == 2 || zeros == 4 || zeros == 8) << zeros;  // less at the borders, both channels
  }
}

class Numbered : public ImageSet {
 public:
  explicit Numbered(std::int64_t count) : ImageSet(info_of(count)) {}
  void read(std::int64_t index, std::span<float> pixels) const override {
    if (index == broken) throw InputError("numbered", "sample", "cannot be read");
    std::fill(pixels.begin(), pixels.end(), static_cast<float>(index));
  }
  std::int64_t broken = -1;

 private:
  static DataInfo info_of(std::int64_t count) {
    DataInfo info;
    for (int i = 0; i < count; ++i) info.labels.push_back(i);
    info.classes = static_cast<int>(count);
    info.shape = {1, 2, 2};
    return info;
  }
};

std::vector<int> labels_of(BatchLoader& loader, std::int64_t epoch, std::int64_t first = 0) {
  std::vector<int> labels;
  loader.begin(epoch, first);
  for (std::int64_t i = first; i < loader.batches(); ++i) {
    const Batch batch = loader.next();
    for (std::size_t n = 0; n < batch.labels.size(); ++n)
      EXPECT_EQ(batch.images[n * 4], static_cast<float>(batch.labels[n]));
    labels.insert(labels.end(), batch.labels.begin(), batch.labels.end());
  }
  return labels;
}

TEST(BatchLoader, ShufflesAnewEveryEpochAndAlikeForASeed) {
  const Numbered data(50);
  BatchLoader loader(
      data, {.batch = 8, .samples = 50, .shuffle = true, .seed = 4, .normalization = {}, .augment = {}});
  BatchLoader again(
      data, {.batch = 8, .samples = 50, .shuffle = true, .seed = 4, .normalization = {}, .augment = {}});
  const std::vector<int> first = labels_of(loader, 0), second = labels_of(loader, 1);
  EXPECT_EQ(first.size(), 48U);  // the rest does not fill a batch
  EXPECT_EQ(std::set<int>(first.begin(), first.end()).size(), 48U);
  EXPECT_NE(first, second);
  EXPECT_EQ(first, labels_of(again, 0));
  EXPECT_EQ(std::vector<int>(first.begin() + 24, first.end()), labels_of(again, 0, 3));
}

TEST(BatchLoader, WithoutShufflingEndsInAShortBatch) {
  const Numbered data(11);
  BatchLoader loader(data, {.batch = 4, .samples = 11, .normalization = {}, .augment = {}});
  std::vector<int> expected(11);
  std::iota(expected.begin(), expected.end(), 0);
  EXPECT_EQ(labels_of(loader, 5), expected);
}

TEST(BatchLoader, HandsOnWhatReadingThrew) {
  Numbered data(20);
  data.broken = 9;
  BatchLoader loader(data, {.batch = 4, .samples = 20, .normalization = {}, .augment = {}});
  loader.begin(0);
  loader.next();
  loader.next();
  EXPECT_THROW(loader.next(), InputError);
}

TEST(BatchLoader, CanBeLeftInTheMiddle) {
  const Numbered data(1000);
  BatchLoader loader(data, {.batch = 4, .samples = 1000, .normalization = {}, .augment = {}});
  loader.begin(0);
  loader.next();
  loader.begin(1);
  EXPECT_EQ(loader.next().labels.front(), 0);
}

}  // namespace
}  // namespace rheobase
