// AvgPool2d and MaxPool2d in float32: plain loops over the window in row order, for the reference and the cpu
// device.
#include <limits>

#include "sim/op/host/host_loops.h"
#include "sim/op/structural/pool2d_plan.h"
#include "sim/op/structural/structural_kernels.h"

namespace rheobase {
namespace {

class Pool2dKernel : public HostKernel {
 public:
  explicit Pool2dKernel(const NodeContext& context) : plan_(context) {}
  std::size_t scratch_bytes() const override {
    return ScratchMemory::size<float>(plan_.input.shape.channels);
  }

 protected:
  // Calls body(lane, y, x, output pixel's floats, scratch of C floats).
  template <class Body>
  void for_output_pixels(const StepArgs& args, const Body& body) const {
    const std::int64_t channels = plan_.input.shape.channels;
    for_lane_items(args, plan_.output.pixels(), plan_.work(),
                   [&](int lane, std::int64_t begin, std::int64_t end, ScratchMemory scratch) {
                     auto* values = scratch.take<float>(channels);
                     for (std::int64_t pixel = begin; pixel < end; ++pixel) {
                       body(lane, pixel / plan_.output.width, pixel % plan_.output.width,
                            args.output.real(lane) + pixel * channels, values);
                     }
                   });
  }

  Pool2dPlan plan_;
};

// The mean of the stored numbers.
class AvgPool2dKernel : public Pool2dKernel {
 public:
  using Pool2dKernel::Pool2dKernel;

  void step(const StepArgs& args) const override {
    const std::int64_t channels = plan_.input.shape.channels;
    const std::int64_t words = plan_.input.words_per_pixel();
    for_output_pixels(args, [&](int lane, std::int64_t y, std::int64_t x, float* out, float* scratch) {
      std::fill(out, out + channels, 0.0F);
      plan_.for_window(y, x, [&](std::int64_t pixel) {
        if (plan_.input.type == SignalType::spikes) {
          for_set_bits(args.inputs[0].spikes(lane) + pixel * words, words,
                       [&](std::int64_t c) { out[c] += 1.0F; });
        } else {
          const float* in = stored_pixel(plan_.input, args.inputs[0], lane, pixel, scratch);
          for (std::int64_t c = 0; c < channels; ++c) out[c] += in[c];
        }
      });
      const auto divisor = static_cast<float>(plan_.window_area(y, x));
      for (std::int64_t c = 0; c < channels; ++c) out[c] /= divisor;
    });
  }
};

class MaxPool2dKernel : public Pool2dKernel {
 public:
  using Pool2dKernel::Pool2dKernel;

  void step(const StepArgs& args) const override {
    const std::int64_t channels = plan_.input.shape.channels;
    for_output_pixels(args, [&](int lane, std::int64_t y, std::int64_t x, float* out, float* scratch) {
      std::fill(out, out + channels, -std::numeric_limits<float>::infinity());
      plan_.for_window(y, x, [&](std::int64_t pixel) {
        const float* in = pixel_values(plan_.input, args.inputs[0], lane, pixel, scratch);
        for (std::int64_t c = 0; c < channels; ++c) out[c] = std::max(out[c], in[c]);
      });
    });
  }
};

// The largest of signs is +1 where any is: bits stay bits.
class MaxPool2dOfSigns : public HostKernel {
 public:
  explicit MaxPool2dOfSigns(const NodeContext& context) : plan_(context) {}

  void step(const StepArgs& args) const override {
    const std::int64_t words = plan_.input.words_per_pixel();
    for_lane_items(args, plan_.output.pixels(), plan_.work() / 64 + 1,
                   [&](int lane, std::int64_t begin, std::int64_t end, ScratchMemory) {
                     for (std::int64_t pixel = begin; pixel < end; ++pixel) {
                       std::uint64_t* out = args.output.spikes(lane) + pixel * words;
                       std::fill(out, out + words, 0);
                       plan_.for_window(
                           pixel / plan_.output.width, pixel % plan_.output.width, [&](std::int64_t from) {
                             const std::uint64_t* in = args.inputs[0].spikes(lane) + from * words;
                             for (std::int64_t w = 0; w < words; ++w) out[w] |= in[w];
                           });
                     }
                   });
  }

 private:
  Pool2dPlan plan_;
};

}  // namespace

std::unique_ptr<HostKernel> make_avg_pool2d(const NodeContext& context, const NodePlan& /*plan*/) {
  return std::make_unique<AvgPool2dKernel>(context);
}
std::unique_ptr<HostKernel> make_max_pool2d(const NodeContext& context, const NodePlan& /*plan*/) {
  if (context.inputs[0].type == SignalType::signs) return std::make_unique<MaxPool2dOfSigns>(context);
  return std::make_unique<MaxPool2dKernel>(context);
}

}  // namespace rheobase
