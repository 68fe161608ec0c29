#pragma once

#include <algorithm>

#include "sim/graph/structural_ops.h"
#include "sim/op/kernel.h"

namespace rheobase {

/// Geometry of an AvgPool2d or MaxPool2d.
struct Pool2dPlan {
  explicit Pool2dPlan(const NodeContext& context)
      : input(context.inputs[0]),
        pool(pool2d_attributes(context.node)),
        output(as_image(context.output_shape)) {}

  /// Calls visit(pixel) for every pixel of the image under the window of output pixel (y, x), in row order.
  template <class Visit>
  void for_window(std::int64_t y, std::int64_t x, const Visit& visit) const {
    const Window& w = pool.window;
    for (std::int64_t ky = 0; ky < w.kernel[0]; ++ky) {
      const std::int64_t iy = y * w.stride[0] - w.padding[0] + ky * w.dilation[0];
      if (iy < 0 || iy >= input.shape.height) continue;
      for (std::int64_t kx = 0; kx < w.kernel[1]; ++kx) {
        const std::int64_t ix = x * w.stride[1] - w.padding[1] + kx * w.dilation[1];
        if (ix >= 0 && ix < input.shape.width) visit(iy * input.shape.width + ix);
      }
    }
  }

  /// What an average divides by.
  std::int64_t window_area(std::int64_t y, std::int64_t x) const {
    std::int64_t area = 0;
    if (!pool.count_include_pad) {
      for_window(y, x, [&](std::int64_t) { ++area; });
      return area;
    }
    // Padding counts, but not what a ceil_mode window covers beyond it.
    const Window& w = pool.window;
    const auto covered = [&](int axis, std::int64_t position, std::int64_t extent) {
      const std::int64_t start = position * w.stride.at(axis) - w.padding.at(axis);
      return std::min(start + w.kernel.at(axis), extent + w.padding.at(axis + 2)) - start;
    };
    return covered(0, y, input.shape.height) * covered(1, x, input.shape.width);
  }

  /// Elements touched for one output pixel.
  std::int64_t work() const { return input.shape.channels * pool.window.kernel[0] * pool.window.kernel[1]; }

  SignalSpec input;
  Pool2dAttributes pool;
  ImageShape output;
};

}  // namespace rheobase
