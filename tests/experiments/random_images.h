#pragma once

#include <algorithm>
#include <limits>
#include <random>
#include <utility>

#include "experiments/data/data_set.h"

namespace rheobase::test {

/// Images of random pixels, of class 0; a pixel of one image may be no number.
class RandomImages : public ImageSet {
 public:
  RandomImages(Shape shape, int samples) : ImageSet(info(std::move(shape), samples)) {}
  void read(std::int64_t index, std::span<float> pixels) const override {
    std::mt19937 random(static_cast<std::uint32_t>(index));
    std::uniform_real_distribution<float> uniform(0.0F, 1.0F);
    std::generate(pixels.begin(), pixels.end(), [&] { return uniform(random); });
    if (index == not_a_number) pixels[3] = std::numeric_limits<float>::quiet_NaN();
  }

  std::int64_t not_a_number = -1;  ///< index of that image

 private:
  static DataInfo info(Shape shape, int samples) {
    DataInfo info;
    info.labels.assign(samples, 0);
    info.shape = std::move(shape);
    return info;
  }
};

}  // namespace rheobase::test
