#pragma once

#include <algorithm>

#include "experiments/data/data_set.h"

namespace rheobase {

/// Some samples of a data set, in equal distances: sets are often sorted by class.
class SpreadSamples : public ImageSource {
 public:
  SpreadSamples(const ImageSet& data, std::int64_t samples)
      : data_(data), samples_(std::min(samples, data.size())) {}

  std::int64_t size() const override { return samples_; }
  Shape shape() const override { return data_.shape(); }
  void read(std::int64_t index, std::span<float> pixels) const override { data_.read(place(index), pixels); }
  const DataInfo& info() const { return data_.info(); }
  int label(std::int64_t index) const { return data_.label(place(index)); }

  /// Throws InputError naming --data where a network does not take such samples.
  void expect_shape(const Shape& wanted) const;

 private:
  std::int64_t place(std::int64_t index) const { return index * data_.size() / samples_; }

  const ImageSet& data_;
  std::int64_t samples_;
};

}  // namespace rheobase
