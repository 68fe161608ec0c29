// AvgPool2d and MaxPool2d; windows as in sim/graph/structural_ops.h.
#include <algorithm>
#include <limits>

#include "binarize/train/layers.h"
#include "sim/graph/structural_ops.h"

namespace rheobase {
namespace {

class PoolLayer : public Layer {
 public:
  explicit PoolLayer(const LayerContext& context)
      : Layer(context), attributes_(pool2d_attributes(context.node)), image_(context.inputs[0].blob->shape) {}

 protected:
  const Pool2dAttributes& attributes() const { return attributes_; }

  // Calls f(sample, output pixel, row, column) for the pixels of a shard's outputs.
  template <class Function>
  void for_outputs(const Shard& shard, const Function& f) {
    const ImageShape shape = output().shape;
    for (std::int64_t sample = shard.first; sample < shard.first + shard.count; ++sample) {
      for (std::int64_t row = 0; row < shape.height; ++row) {
        for (std::int64_t column = 0; column < shape.width; ++column)
          f(sample, row * shape.width + column, row, column);
      }
    }
  }

  // Calls f(input pixel) for the taps of a window that lie in the image.
  template <class Function>
  void for_taps(std::int64_t row, std::int64_t column, const Function& f) const {
    const Window& w = attributes_.window;
    for (std::int64_t ky = 0; ky < w.kernel[0]; ++ky) {
      const std::int64_t y = row * w.stride[0] + ky * w.dilation[0] - w.padding[0];
      if (y < 0 || y >= image_.height) continue;
      for (std::int64_t kx = 0; kx < w.kernel[1]; ++kx) {
        const std::int64_t x = column * w.stride[1] + kx * w.dilation[1] - w.padding[1];
        if (x >= 0 && x < image_.width) f(y * image_.width + x);
      }
    }
  }

  void clear_gradient(const Shard& shard) {
    if (!input().accumulate) {
      std::fill_n(input().blob->gradient(shard.first), shard.count * input().blob->shape.size(), 0.0F);
    }
  }

 private:
  Pool2dAttributes attributes_;
  ImageShape image_;
};

class AveragePoolLayer : public PoolLayer {
 public:
  explicit AveragePoolLayer(const LayerContext& context) : PoolLayer(context) {
    for (std::int64_t row = 0; row < output().shape.height; ++row) {
      for (std::int64_t column = 0; column < output().shape.width; ++column)
        weights_.push_back(1.0F / static_cast<float>(divisor(row, column)));
    }
  }

  void forward(const Shard& shard) override {
    const std::int64_t channels = output().shape.channels;
    for_outputs(shard, [&](std::int64_t sample, std::int64_t pixel, std::int64_t row, std::int64_t column) {
      float* const y = output().sample(sample) + pixel * channels;
      std::fill_n(y, channels, 0.0F);
      for_taps(row, column, [&](std::int64_t from) {
        const float* const x = input().blob->sample(sample) + from * channels;
        for (std::int64_t c = 0; c < channels; ++c) y[c] += x[c];
      });
      for (std::int64_t c = 0; c < channels; ++c) y[c] *= weights_[pixel];
    });
  }

  void backward(const Shard& shard) override {
    if (!input().blob->differentiable) return;
    clear_gradient(shard);
    const std::int64_t channels = output().shape.channels;
    for_outputs(shard, [&](std::int64_t sample, std::int64_t pixel, std::int64_t row, std::int64_t column) {
      const float* const dy = output().gradient(sample) + pixel * channels;
      for_taps(row, column, [&](std::int64_t from) {
        float* const dx = input().blob->gradient(sample) + from * channels;
        for (std::int64_t c = 0; c < channels; ++c) dx[c] += dy[c] * weights_[pixel];
      });
    });
  }

 private:
  // Pixels that count: those in the image or, with count_include_pad, in the padded image.
  std::int64_t divisor(std::int64_t row, std::int64_t column) {
    std::int64_t inside = 0;
    for_taps(row, column, [&](std::int64_t) { ++inside; });
    if (!attributes().count_include_pad) return inside;
    const Window& w = attributes().window;
    const ImageShape& image = input().blob->shape;
    const auto extent = [&](int axis, std::int64_t index, std::int64_t size) {
      const std::int64_t first = index * w.stride.at(axis) - w.padding.at(axis);
      return std::min(first + w.kernel.at(axis), size + w.padding.at(axis + 2)) - first;
    };
    return extent(0, row, image.height) * extent(1, column, image.width);
  }

  std::vector<float> weights_;  ///< by output pixel
};

class MaxPoolLayer : public PoolLayer {
 public:
  explicit MaxPoolLayer(const LayerContext& context)
      : PoolLayer(context), winners_(context.batch.size() * context.output.shape.size()) {}

  void forward(const Shard& shard) override {
    const std::int64_t channels = output().shape.channels;
    for_outputs(shard, [&](std::int64_t sample, std::int64_t pixel, std::int64_t row, std::int64_t column) {
      float* const y = output().sample(sample) + pixel * channels;
      std::int32_t* const winner = winners(sample) + pixel * channels;
      std::fill_n(y, channels, -std::numeric_limits<float>::infinity());
      for_taps(row, column, [&](std::int64_t from) {
        const float* const x = input().blob->sample(sample) + from * channels;
        for (std::int64_t c = 0; c < channels; ++c) {
          const bool larger = x[c] > y[c];
          y[c] = larger ? x[c] : y[c];
          winner[c] = larger ? static_cast<std::int32_t>(from) : winner[c];
        }
      });
    });
  }

  // To the first of the largest.
  void backward(const Shard& shard) override {
    if (!input().blob->differentiable) return;
    clear_gradient(shard);
    const std::int64_t channels = output().shape.channels;
    for_outputs(shard, [&](std::int64_t sample, std::int64_t pixel, std::int64_t, std::int64_t) {
      const float* const dy = output().gradient(sample) + pixel * channels;
      const std::int32_t* const winner = winners(sample) + pixel * channels;
      float* const dx = input().blob->gradient(sample);
      for (std::int64_t c = 0; c < channels; ++c) dx[winner[c] * channels + c] += dy[c];
    });
  }

 private:
  std::int32_t* winners(std::int64_t sample) { return winners_.data() + sample * output().shape.size(); }

  std::vector<std::int32_t> winners_;  ///< input pixel of every output value
};

}  // namespace

std::unique_ptr<Layer> make_average_pool_layer(const LayerContext& context) {
  return std::make_unique<AveragePoolLayer>(context);
}
std::unique_ptr<Layer> make_max_pool_layer(const LayerContext& context) {
  return std::make_unique<MaxPoolLayer>(context);
}

}  // namespace rheobase
