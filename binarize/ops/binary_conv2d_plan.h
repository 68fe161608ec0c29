#pragma once

#include <algorithm>
#include <memory>
#include <vector>

#include "binarize/bits/bit_weights.h"
#include "binarize/ops/bit_rows.h"
#include "sim/graph/structural_ops.h"
#include "sim/op/host/host_kernel.h"

namespace rheobase {

NodePlan plan_binary_conv2d(const NodeContext& context, Arithmetic arithmetic);
std::unique_ptr<HostKernel> make_binary_conv2d_reference(const NodeContext& context, Arithmetic arithmetic);
std::unique_ptr<HostKernel> make_binary_conv2d_cpu(const NodeContext& context, Arithmetic arithmetic,
                                                   CountMethod method = preferred_count_method());

/// Geometry and weights of a BinaryConv2d, or of a BinaryLinear as a 1x1 convolution of a 1x1 image.
///
/// The sum of an output is an integer: over the taps inside the image, +-1 weights times +-1 inputs (signs)
/// or 0 and 1 inputs (spikes); taps in the padding add nothing. What leaves the node is, in float32,
/// binary_output() of the sum, and in fixed arithmetic scale * sum + shift.
struct BinaryConv2dPlan {
  BinaryConv2dPlan(const NodeContext& context, Arithmetic arithmetic);

  BitInput input_bits() const { return input.type == SignalType::signs ? BitInput::signs : BitInput::spikes; }
  std::int64_t taps() const { return window.kernel[0] * window.kernel[1]; }
  /// No more than the plain sum leaves the node.
  bool plain() const;
  /// What leaves the node: reals, or currents whose bounds are known.
  SignalSpec signal(const std::string& node) const;

  /// Calls visit(pixel, tap) for every pixel of the image under the window of output (y, x).
  template <class Visit>
  void for_taps(std::int64_t y, std::int64_t x, const Visit& visit) const {
    for (std::int64_t tap = 0; tap < taps(); ++tap) {
      const std::int64_t iy =
          y * window.stride[0] - window.padding[0] + tap / window.kernel[1] * window.dilation[0];
      const std::int64_t ix =
          x * window.stride[1] - window.padding[1] + tap % window.kernel[1] * window.dilation[1];
      if (iy < 0 || iy >= input.shape.height || ix < 0 || ix >= input.shape.width) continue;
      visit(iy * input.shape.width + ix, tap);
    }
  }

  Arithmetic arithmetic;
  SignalSpec input;
  ImageShape output;
  Window window;
  BitWeights weights;
  /// One a channel, of float32 arithmetic; the height of presynaptic spikes is in the scale.
  std::vector<float> scale, shift;
  /// One a channel, of fixed arithmetic.
  std::vector<std::int32_t> integer_scale, integer_shift;
  bool relu = false;
  bool adds = false;  ///< there is a second input to add
};

/// Float32: scale * x + shift, x the sum or its positive part; the addend comes on top.
inline float binary_output(std::int32_t sum, bool relu, float scale, float shift) {
  return scale * static_cast<float>(relu ? std::max(sum, 0) : sum) + shift;
}

}  // namespace rheobase
