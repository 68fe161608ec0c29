#include "neurons/burst_lif_kernels.h"
#include "sim/op/host/host_loops.h"

namespace rheobase {
namespace {

class BurstLifReference : public BurstLifKernel {
 public:
  using BurstLifKernel::BurstLifKernel;

  void step(const StepArgs& args) const override {
    const std::int64_t channels = input_.shape.channels;
    auto* scratch = args.scratch(0).take<float>(channels);
    for (const int lane : args.lanes) {
      for (std::int64_t pixel = 0; pixel < input_.shape.pixels(); ++pixel) {
        float* v = args.state.real(lane) + pixel * channels;
        const float* x = pixel_values(input_, args.inputs[0], lane, pixel, scratch);
        float* spikes = args.output.real(lane) + pixel * channels;
        for (std::int64_t c = 0; c < channels; ++c) spikes[c] = burst_lif_step(v[c], x[c], neurons()[c]);
      }
    }
  }
};

}  // namespace

std::unique_ptr<HostKernel> make_burst_lif_reference(const NodeContext& context, const NodePlan& /*plan*/) {
  return std::make_unique<BurstLifReference>(context);
}

}  // namespace rheobase
