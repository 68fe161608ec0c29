#include <algorithm>

#include "neurons/if_kernels.h"
#include "neurons/if_step.h"
#include "sim/op/host/host_loops.h"

namespace rheobase {
namespace {

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

std::unique_ptr<HostKernel> make_if_reference(const NodeContext& context, const NodePlan& /*plan*/) {
  return std::make_unique<IfReference>(context);
}

}  // namespace rheobase
