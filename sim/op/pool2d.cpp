// AvgPool2d and MaxPool2d: plain loops over the window in row order, for the reference and the cpu device.
#include <limits>

#include "sim/graph/structural_ops.h"
#include "sim/op/host_loops.h"
#include "sim/op/structural_kernels.h"

namespace rheobase {
namespace {

class Pool2dKernel : public Kernel {
 public:
  explicit Pool2dKernel(const KernelContext& context)
      : input_(context.inputs[0]),
        pool_(pool2d_attributes(context.node)),
        output_shape_(as_image(context.output_shape)) {}

 protected:
  // Calls visit(pixel) for every pixel of the image under the window of output pixel (y, x), in row order.
  template <class Visit>
  void for_window(std::int64_t y, std::int64_t x, const Visit& visit) const {
    const Window& w = pool_.window;
    for (std::int64_t ky = 0; ky < w.kernel[0]; ++ky) {
      const std::int64_t iy = y * w.stride[0] - w.padding[0] + ky * w.dilation[0];
      if (iy < 0 || iy >= input_.shape.height) continue;
      for (std::int64_t kx = 0; kx < w.kernel[1]; ++kx) {
        const std::int64_t ix = x * w.stride[1] - w.padding[1] + kx * w.dilation[1];
        if (ix >= 0 && ix < input_.shape.width) visit(iy * input_.shape.width + ix);
      }
    }
  }

  // Calls body(slot, y, x, output pixel's floats, scratch of C floats).
  template <class Body>
  void for_output_pixels(const StepArgs& args, const Body& body) const {
    const std::int64_t channels = input_.shape.channels;
    const std::int64_t work = channels * pool_.window.kernel[0] * pool_.window.kernel[1];
    for_slot_items(args, output_shape_.pixels(), work, [&](int slot, std::int64_t begin, std::int64_t end) {
      std::vector<float> scratch(channels);
      for (std::int64_t pixel = begin; pixel < end; ++pixel) {
        body(slot, pixel / output_shape_.width, pixel % output_shape_.width,
             args.output.real(slot) + pixel * channels, scratch.data());
      }
    });
  }

  SignalSpec input_;
  Pool2dAttributes pool_;
  ImageShape output_shape_;
};

// The mean of the stored numbers; linear, so the input's scale stays with the signal.
class AvgPool2dKernel : public Pool2dKernel {
 public:
  using Pool2dKernel::Pool2dKernel;
  SignalSpec output() const override { return {SignalType::real32, output_shape_, input_.scales, false}; }

  void step(const StepArgs& args) const override {
    const std::int64_t channels = input_.shape.channels;
    const std::int64_t words = input_.words_per_pixel();
    for_output_pixels(args, [&](int slot, std::int64_t y, std::int64_t x, float* out, float*) {
      std::fill(out, out + channels, 0.0F);
      for_window(y, x, [&](std::int64_t pixel) {
        if (input_.type == SignalType::spikes) {
          for_set_bits(args.inputs[0].spikes(slot) + pixel * words, words,
                       [&](std::int64_t c) { out[c] += 1.0F; });
        } else {
          const float* in = args.inputs[0].real(slot) + pixel * channels;
          for (std::int64_t c = 0; c < channels; ++c) out[c] += in[c];
        }
      });
      const auto divisor = static_cast<float>(window_area(y, x));
      for (std::int64_t c = 0; c < channels; ++c) out[c] /= divisor;
    });
  }

 private:
  std::int64_t window_area(std::int64_t y, std::int64_t x) const {
    std::int64_t area = 0;
    if (!pool_.count_include_pad) {
      for_window(y, x, [&](std::int64_t) { ++area; });
      return area;
    }
    // Padding counts, but not what a ceil_mode window covers beyond it.
    const Window& w = pool_.window;
    const auto covered = [&](int axis, std::int64_t position, std::int64_t extent) {
      const std::int64_t start = position * w.stride.at(axis) - w.padding.at(axis);
      return std::min(start + w.kernel.at(axis), extent + w.padding.at(axis + 2)) - start;
    };
    return covered(0, y, input_.shape.height) * covered(1, x, input_.shape.width);
  }
};

class MaxPool2dKernel : public Pool2dKernel {
 public:
  using Pool2dKernel::Pool2dKernel;
  SignalSpec output() const override { return {SignalType::real32, output_shape_, {1.0F}, false}; }

  void step(const StepArgs& args) const override {
    const std::int64_t channels = input_.shape.channels;
    for_output_pixels(args, [&](int slot, std::int64_t y, std::int64_t x, float* out, float* scratch) {
      std::fill(out, out + channels, -std::numeric_limits<float>::infinity());
      for_window(y, x, [&](std::int64_t pixel) {
        const float* in = pixel_values(input_, args.inputs[0], slot, pixel, scratch);
        for (std::int64_t c = 0; c < channels; ++c) out[c] = std::max(out[c], in[c]);
      });
    });
  }
};

}  // namespace

std::unique_ptr<Kernel> make_avg_pool2d(const KernelContext& context) {
  return std::make_unique<AvgPool2dKernel>(context);
}
std::unique_ptr<Kernel> make_max_pool2d(const KernelContext& context) {
  return std::make_unique<MaxPool2dKernel>(context);
}

}  // namespace rheobase
