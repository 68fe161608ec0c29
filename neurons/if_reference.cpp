#include <cstring>

#include "neurons/if_kernels.h"
#include "neurons/if_step.h"
#include "sim/op/host_loops.h"

namespace rheobase {
namespace {

std::vector<float> spread(const Tensor& tensor, std::int64_t channels) {
  if (tensor.values.size() == 1) return std::vector<float>(channels, tensor.values[0]);
  return tensor.values;
}

class IfReference : public IfKernel {
 public:
  using IfKernel::IfKernel;

  void step(const StepArgs& args) const override {
    const std::int64_t channels = input_.shape.channels;
    const std::int64_t words = input_.words_per_pixel();
    auto* scratch = args.scratch(0).take<float>(channels);
    for (const int lane : args.lanes) {
      for (std::int64_t pixel = 0; pixel < input_.shape.pixels(); ++pixel) {
        const float* x = pixel_values(input_, args.inputs[0], lane, pixel, scratch);
        float* v = args.state.real(lane) + pixel * channels;
        std::uint64_t* spikes = args.output.spikes(lane) + pixel * words;
        std::fill(spikes, spikes + words, 0);
        for (std::int64_t c = 0; c < channels; ++c) {
          const bool fire = if_step(v[c], x[c], v_threshold_[c], reset_, v_reset_);
          spikes[c / 64] |= static_cast<std::uint64_t>(fire) << (c % 64);
        }
      }
    }
  }
};

}  // namespace

IfKernel::IfKernel(const KernelContext& context) : input_(context.inputs[0]) {
  const IfParameters parameters = IfParameters::of(context.node);
  height_ = parameters.v_threshold.values;
  v_threshold_ = spread(parameters.v_threshold, input_.shape.channels);
  v_init_ = spread(parameters.v_init, input_.shape.channels);
  reset_ = parameters.reset;
  v_reset_ = parameters.v_reset;
}

SignalSpec IfKernel::output() const { return {SignalType::spikes, input_.shape, height_, false}; }

std::size_t IfKernel::state_size() const { return static_cast<std::size_t>(input_.shape.size()); }

void IfKernel::reset(std::span<std::byte> state) const {
  const std::size_t bytes = v_init_.size() * sizeof(float);
  for (std::size_t i = 0; i < state.size(); i += bytes) std::memcpy(state.data() + i, v_init_.data(), bytes);
}

std::unique_ptr<Kernel> make_if_reference(const KernelContext& context) {
  return std::make_unique<IfReference>(context);
}

}  // namespace rheobase
