#include <algorithm>

#include "neurons/lif_kernels.h"
#include "sim/op/host_loops.h"

namespace rheobase {
namespace {

class LifReference : public LifKernel {
 public:
  using LifKernel::LifKernel;

  void step(const StepArgs& args) const override {
    const std::int64_t channels = input_.shape.channels;
    const std::int64_t words = input_.words_per_pixel();
    const LifNeurons<float> neurons = channels_.neurons();
    auto* scratch = args.scratch(0).take<float>(channels);
    for (const int lane : args.lanes) {
      for (std::int64_t pixel = 0; pixel < input_.shape.pixels(); ++pixel) {
        const float* x = pixel_values(input_, args.inputs[0], lane, pixel, scratch);
        float* v = args.state.real(lane) + pixel * channels;
        std::uint64_t* spikes = args.output.spikes(lane) + pixel * words;
        std::fill(spikes, spikes + words, 0);
        for (std::int64_t c = 0; c < channels; ++c)
          spikes[c / 64] |= std::uint64_t{lif_step(v[c], x[c], neurons[c], reset_)} << (c % 64);
      }
    }
  }
};

}  // namespace

std::unique_ptr<HostKernel> make_lif_reference(const NodeContext& context, const NodePlan& /*plan*/) {
  return std::make_unique<LifReference>(context);
}

}  // namespace rheobase
