#pragma once

#include <vector>

#include "sim/graph/structural_ops.h"
#include "sim/op/kernel.h"

namespace rheobase {

/// Geometry and weights of a Conv2d, or of a Linear as a 1x1 convolution of a 1x1 image, shared by every
/// device.
///
/// The arithmetic, equal bit for bit on every host device: an output starts at its bias and adds its taps one
/// after the other, row r = (ky * kw + kx) * I/groups + ic ascending. The presynaptic height is folded into
/// the weight, w(r) = fl(weight * scale(ic)), once when planned. A spike adds w(r); a real x adds by fused
/// multiply-add. Taps in the padding and spikes that are absent add nothing.
struct Conv2dPlan {
  explicit Conv2dPlan(const NodeContext& context);

  /// Weight of one tap with the presynaptic height folded in; `oc` counts all output channels.
  float weight(std::int64_t oc, std::int64_t row) const { return weights[oc * rows() + row]; }
  std::int64_t inputs_per_group() const { return input.shape.channels / groups; }
  std::int64_t outputs_per_group() const { return output.channels / groups; }
  /// Taps of one output, padding included.
  std::int64_t rows() const { return window.kernel[0] * window.kernel[1] * inputs_per_group(); }

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

  SignalSpec input;
  ImageShape output;
  Window window;
  std::int64_t groups = 1;
  std::vector<float> weights;  ///< [O][rows]
  std::vector<float> bias;     ///< [O]
};

}  // namespace rheobase
