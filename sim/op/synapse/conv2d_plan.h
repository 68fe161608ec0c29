#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "sim/graph/structural_ops.h"
#include "sim/op/kernel.h"

namespace rheobase {

/// The geometry of a Conv2d, or of a Linear as a 1x1 convolution of a 1x1 image, in any arithmetic.
struct Conv2dGeometry {
  explicit Conv2dGeometry(const NodeContext& context);

  std::int64_t inputs_per_group() const { return input.shape.channels / groups; }
  std::int64_t outputs_per_group() const { return output.channels / groups; }
  std::int64_t taps() const { return window.kernel[0] * window.kernel[1]; }
  /// Weights of one output, those that meet the padding included.
  std::int64_t rows() const { return taps() * inputs_per_group(); }

  /// Whether the window of an output pixel is the image's pixel of the same place.
  bool is_pixelwise() const;

  /// Calls visit(pixel, first_row) for every pixel of the image under the window of output (y, x), in row
  /// order.
  template <class Visit>
  void for_taps(std::int64_t y, std::int64_t x, const Visit& visit) const {
    for (std::int64_t ky = 0; ky < window.kernel[0]; ++ky) {
      const std::int64_t iy = y * window.stride[0] - window.padding[0] + ky * window.dilation[0];
      if (iy < 0 || iy >= input.shape.height) continue;
      for (std::int64_t kx = 0; kx < window.kernel[1]; ++kx) {
        const std::int64_t ix = x * window.stride[1] - window.padding[1] + kx * window.dilation[1];
        if (ix < 0 || ix >= input.shape.width) continue;
        visit(iy * input.shape.width + ix, (ky * window.kernel[1] + kx) * inputs_per_group());
      }
    }
  }

  /// The same in runs of neighbours, where the taps of a row lie side by side: visit(first pixel, first_row,
  /// pixels).
  template <class Visit>
  void for_tap_runs(std::int64_t y, std::int64_t x, const Visit& visit) const {
    if (window.dilation[1] != 1)
      return for_taps(y, x, [&](std::int64_t pixel, std::int64_t row) { visit(pixel, row, 1); });
    const std::int64_t left = x * window.stride[1] - window.padding[1];
    const std::int64_t begin = left < 0 ? -left : 0;
    const std::int64_t end = std::min(window.kernel[1], input.shape.width - left);
    for (std::int64_t ky = 0; ky < window.kernel[0] && begin < end; ++ky) {
      const std::int64_t iy = y * window.stride[0] - window.padding[0] + ky * window.dilation[0];
      if (iy < 0 || iy >= input.shape.height) continue;
      visit(iy * input.shape.width + left + begin, (ky * window.kernel[1] + begin) * inputs_per_group(),
            end - begin);
    }
  }

  /// Weights as the graph has them, [O][I/groups][kh][kw], in the order of rows, [O][kh][kw][I/groups].
  template <class Weight>
  std::vector<Weight> in_row_order(const std::vector<Weight>& weights) const {
    std::vector<Weight> ordered(weights.size());
    for (std::int64_t oc = 0; oc < output.channels; ++oc) {
      for (std::int64_t ic = 0; ic < inputs_per_group(); ++ic) {
        for (std::int64_t tap = 0; tap < taps(); ++tap) {
          ordered[oc * rows() + tap * inputs_per_group() + ic] =
              weights[(oc * inputs_per_group() + ic) * taps() + tap];
        }
      }
    }
    return ordered;
  }

  SignalSpec input;
  ImageShape output;
  Window window;
  std::int64_t groups = 1;
};

/// A Conv2d or Linear in float32 arithmetic, shared by every device.
///
/// The arithmetic, equal bit for bit on every host device: an output starts at its bias and adds its taps one
/// after the other, row r = (ky * kw + kx) * I/groups + ic ascending. The presynaptic height is folded into
/// the weight, w(r) = fl(weight * scale(ic)), once when planned. A spike adds w(r); a real x adds by fused
/// multiply-add. Taps in the padding and spikes that are absent add nothing.
struct Conv2dPlan : Conv2dGeometry {
  explicit Conv2dPlan(const NodeContext& context);

  /// Weight of one tap with the presynaptic height folded in; `oc` counts all output channels.
  float weight(std::int64_t oc, std::int64_t row) const { return weights[oc * rows() + row]; }

  std::vector<float> weights;  ///< [O][rows]
  std::vector<float> bias;     ///< [O]
};

}  // namespace rheobase
