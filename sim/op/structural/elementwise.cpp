// Affine, Add and Output: one pixel at a time, the same code for the reference and the cpu device.
#include <memory>
#include <utility>

#include "sim/op/host/host_loops.h"
#include "sim/op/structural/structural_kernels.h"

namespace rheobase {
namespace {

// y[c] = scale[c] * x[c] + shift[c]
class AffineKernel : public HostKernel {
 public:
  explicit AffineKernel(const NodeContext& context) : input_(context.inputs[0]) {
    const Tensor& scale = context.node.tensors.at("scale");
    const Tensor& shift = context.node.tensors.at("shift");
    for (std::int64_t c = 0; c < input_.shape.channels; ++c) {
      scale_.push_back(scale.reals()[scale.size() == 1 ? 0 : c] * input_.scale(c));
      shift_.push_back(shift.reals()[shift.size() == 1 ? 0 : c]);
    }
  }
  std::size_t scratch_bytes() const override { return ScratchMemory::size<float>(input_.shape.channels); }
  void step(const StepArgs& args) const override {
    const std::int64_t channels = input_.shape.channels;
    for_lane_items(args, input_.shape.pixels(), channels,
                   [&](int lane, std::int64_t begin, std::int64_t end, ScratchMemory memory) {
                     auto* scratch = memory.take<float>(channels);
                     for (std::int64_t pixel = begin; pixel < end; ++pixel) {
                       const float* x = stored_pixel(input_, args.inputs[0], lane, pixel, scratch);
                       float* y = args.output.real(lane) + pixel * channels;
                       for (std::int64_t c = 0; c < channels; ++c) y[c] = scale_[c] * x[c] + shift_[c];
                     }
                   });
  }

 private:
  SignalSpec input_;
  std::vector<float> scale_, shift_;
};

// Sum of the inputs' values in the order of the inputs. One input: a copy with the scale multiplied out
// (Output).
class AddKernel : public HostKernel {
 public:
  explicit AddKernel(const NodeContext& context) : inputs_(context.inputs) {}
  std::size_t scratch_bytes() const override { return ScratchMemory::size<float>(inputs_[0].shape.channels); }
  void step(const StepArgs& args) const override {
    const ImageShape& shape = inputs_[0].shape;
    for_lane_items(args, shape.pixels(), shape.channels,
                   [&](int lane, std::int64_t begin, std::int64_t end, ScratchMemory memory) {
                     auto* scratch = memory.take<float>(shape.channels);
                     for (std::int64_t pixel = begin; pixel < end; ++pixel) {
                       float* y = args.output.real(lane) + pixel * shape.channels;
                       const float* first = pixel_values(inputs_[0], args.inputs[0], lane, pixel, scratch);
                       std::copy(first, first + shape.channels, y);
                       for (std::size_t i = 1; i < inputs_.size(); ++i)
                         accumulate(i, args, lane, pixel, scratch, y);
                     }
                   });
  }

 private:
  void accumulate(std::size_t i, const StepArgs& args, int lane, std::int64_t pixel, float* scratch,
                  float* y) const {
    const SignalSpec& spec = inputs_[i];
    if (spec.type == SignalType::spikes) {
      const std::int64_t words = spec.words_per_pixel();
      for_set_bits(args.inputs[i].spikes(lane) + pixel * words, words,
                   [&](std::int64_t c) { y[c] += spec.scale(c); });
      return;
    }
    const float* x = pixel_values(spec, args.inputs[i], lane, pixel, scratch);
    for (std::int64_t c = 0; c < spec.shape.channels; ++c) y[c] += x[c];
  }

  std::vector<SignalSpec> inputs_;
};

}  // namespace

std::unique_ptr<HostKernel> make_affine(const NodeContext& context, const NodePlan& /*plan*/) {
  return std::make_unique<AffineKernel>(context);
}
std::unique_ptr<HostKernel> make_add(const NodeContext& context, const NodePlan& /*plan*/) {
  return std::make_unique<AddKernel>(context);
}

}  // namespace rheobase
