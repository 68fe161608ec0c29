// Add, and what only moves values: Pad, Slice, Flatten and the readout.
#include <algorithm>

#include "binarize/train/layers.h"
#include "binarize/train/loops.h"
#include "sim/graph/structural_ops.h"

namespace rheobase {
namespace {

class AddLayer : public Layer {
 public:
  explicit AddLayer(const LayerContext& context) : Layer(context), inputs_(context.inputs.size()) {}

  void forward(const Shard& shard) override {
    const std::int64_t count = shard.count * output().shape.size();
    std::copy_n(input(0).blob->sample(shard.first), count, output().sample(shard.first));
    for (std::size_t i = 1; i < inputs_; ++i)
      loops::add(input(i).blob->sample(shard.first), output().sample(shard.first), count);
  }

  void backward(const Shard& shard) override {
    const std::int64_t count = shard.count * output().shape.size();
    const float* const dy = output().gradient(shard.first);
    for (std::size_t i = inputs_; i-- > 0;) {  // from the last: where one input stands twice, that one sets
      if (!input(i).blob->differentiable) continue;
      float* const dx = input(i).blob->gradient(shard.first);
      if (input(i).accumulate) {
        loops::add(dy, dx, count);
      } else {
        std::copy_n(dy, count, dx);
      }
    }
  }

 private:
  std::size_t inputs_;
};

// The input's value behind each value of the output, -1 for a zero; both in their stored order.
using Sources = std::vector<std::int32_t>;

std::int64_t position(const ImageShape& shape, std::int64_t c, std::int64_t y, std::int64_t x) {
  return (y * shape.width + x) * shape.channels + c;
}

Sources sources_of(const Node& node, const ImageShape& from, const ImageShape& to) {
  Sources sources(to.size());
  const auto image = [](std::vector<std::int64_t> axes, std::int64_t otherwise) {
    axes.resize(3, otherwise);
    return axes;
  };
  const auto start = image(node.integers("start", {}), 0), step = image(node.integers("step", {}), 1);
  const auto before = image(node.integers("before", {}), 0);
  const auto inside = [](std::int64_t index, std::int64_t extent) { return index >= 0 && index < extent; };
  for (std::int64_t c = 0; c < to.channels; ++c) {
    for (std::int64_t y = 0; y < to.height; ++y) {
      for (std::int64_t x = 0; x < to.width; ++x) {
        std::int64_t fc = start[0] + c * step[0] - before[0];
        std::int64_t fy = start[1] + y * step[1] - before[1];
        std::int64_t fx = start[2] + x * step[2] - before[2];
        if (node.op == "Flatten") {  // C, H, W order
          fc = c / from.pixels();
          fy = c % from.pixels() / from.width;
          fx = c % from.width;
        }
        const bool found = inside(fc, from.channels) && inside(fy, from.height) && inside(fx, from.width);
        sources[position(to, c, y, x)] = found ? static_cast<std::int32_t>(position(from, fc, fy, fx)) : -1;
      }
    }
  }
  return sources;
}

class RearrangeLayer : public Layer {
 public:
  explicit RearrangeLayer(const LayerContext& context)
      : Layer(context),
        sources_(sources_of(context.node, context.inputs[0].blob->shape, context.output.shape)) {}

  void forward(const Shard& shard) override {
    for (std::int64_t sample = shard.first; sample < shard.first + shard.count; ++sample) {
      const float* const x = input().blob->sample(sample);
      float* const y = output().sample(sample);
      for (std::size_t i = 0; i < sources_.size(); ++i) y[i] = sources_[i] < 0 ? 0.0F : x[sources_[i]];
    }
  }

  void backward(const Shard& shard) override {
    if (!input().blob->differentiable) return;
    for (std::int64_t sample = shard.first; sample < shard.first + shard.count; ++sample) {
      const float* const dy = output().gradient(sample);
      float* const dx = input().blob->gradient(sample);
      if (!input().accumulate) std::fill_n(dx, input().blob->shape.size(), 0.0F);
      for (std::size_t i = 0; i < sources_.size(); ++i) {
        if (sources_[i] >= 0) dx[sources_[i]] += dy[i];
      }
    }
  }

 private:
  Sources sources_;
};

}  // namespace

std::unique_ptr<Layer> make_add_layer(const LayerContext& context) {
  return std::make_unique<AddLayer>(context);
}
std::unique_ptr<Layer> make_rearrange_layer(const LayerContext& context) {
  return std::make_unique<RearrangeLayer>(context);
}

}  // namespace rheobase
