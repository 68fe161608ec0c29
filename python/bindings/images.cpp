#include "python/bindings/images.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/core/error.h"
#include "sim/engine/sample_shape.h"

namespace rheobase::python {
namespace {

// Pixels in memory, as a data set without labels.
class PixelSet : public ImageSet {
 public:
  PixelSet(std::span<const float> pixels, DataInfo info) : ImageSet(std::move(info)), pixels_(pixels) {}

  void read(std::int64_t index, std::span<float> pixels) const override {
    const std::span<const float> sample = pixels_.subspan(index * pixels.size(), pixels.size());
    std::copy(sample.begin(), sample.end(), pixels.begin());
  }

 private:
  std::span<const float> pixels_;
};

}  // namespace

void expect_taken(const Shape& input, const Shape& sample, const char* argument) {
  if (takes_samples(input, sample)) return;
  const bool channels_last = input.size() == 3 && sample == Shape{input[1], input[2], input[0]};
  throw InputError(
      argument, "",
      fmt::format("samples are {}, the network takes {}{}", to_string(sample), to_string(input),
                  channels_last ? ": put the channels first, numpy.moveaxis(array, -1, -3)" : ""));
}

Notes check_pixels(std::span<const float> pixels, const Shape& sample, PixelUse use, const char* argument) {
  DataInfo info;
  info.files = {argument};
  info.shape = sample;
  info.real_pixels = true;
  const auto count = static_cast<std::int64_t>(pixels.size()) / element_count(sample);
  return check_pixel_range(PixelSet(pixels, std::move(info)), 0, count, use);
}

}  // namespace rheobase::python
