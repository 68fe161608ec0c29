#pragma once

#include <memory>

#include "sim/core/shape.h"
#include "sim/graph/structural_ops.h"

namespace rheobase {

/// A float convolution over NHWC images, and its two gradients, for a fixed number of samples a call. Wraps
/// oneDNN, one thread a call. A Linear is a 1x1 convolution of a 1x1 image.
class DenseConvolution {
 public:
  struct Plan {
    Conv2dAttributes attributes;
    ImageShape input, output;    ///< of one sample
    std::int64_t samples = 1;    ///< of a call
    std::int64_t shards = 1;     ///< numbers that calls may have
    bool input_gradient = true;  ///< whether backward_input() will be called
    std::int64_t weights() const {
      return output.channels * (input.channels / attributes.groups) * attributes.window.kernel[0] *
             attributes.window.kernel[1];
    }
  };

  explicit DenseConvolution(const Plan& plan);
  ~DenseConvolution();
  DenseConvolution(const DenseConvolution&) = delete;
  DenseConvolution& operator=(const DenseConvolution&) = delete;

  /// `weights` in the order {O, I/groups, kh, kw}; kept until the next call.
  void set_weights(const float* weights, bool training);

  // Calls with different shard numbers may run at once.
  void forward(std::int64_t shard, const float* x, float* y) const;
  void backward_input(std::int64_t shard, const float* dy, float* dx) const;
  /// Keeps the shard's share of the weights' gradient.
  void backward_weights(std::int64_t shard, const float* x, const float* dy);
  /// The sum of the shares, in the order of the shards, as {O, I/groups, kh, kw}.
  void weight_gradient(float* gradient) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace rheobase
