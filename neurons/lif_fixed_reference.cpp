#include <algorithm>

#include "neurons/lif_fixed.h"
#include "sim/op/fixed.h"

namespace rheobase {
namespace {

class LifFixedReference : public LifFixedKernel {
 public:
  using LifFixedKernel::LifFixedKernel;

  void step(const StepArgs& args) const override {
    const std::int64_t words = input_.words_per_pixel();
    const LifNeurons<std::int32_t> neurons = channels_.neurons();
    auto* scratch = args.scratch(0).take<std::int32_t>(row_);
    for (const int lane : args.lanes) {
      for (std::int64_t pixel = 0; pixel < input_.shape.pixels(); ++pixel) {
        const std::int32_t* x = pixel_integers(input_, args.inputs[0], lane, pixel, scratch);
        std::int32_t* v = args.state.int32(lane) + pixel * row_;
        std::uint64_t* spikes = args.output.spikes(lane) + pixel * words;
        std::fill(spikes, spikes + words, 0);
        for (std::int64_t c = 0; c < input_.shape.channels; ++c)
          spikes[c / 64] |= std::uint64_t{lif_step(v[c], x[c], neurons[c], reset_)} << (c % 64);
      }
    }
  }
};

}  // namespace

std::unique_ptr<HostKernel> make_lif_fixed_reference(const NodeContext& context, const NodePlan& /*plan*/) {
  return std::make_unique<LifFixedReference>(context);
}

}  // namespace rheobase
