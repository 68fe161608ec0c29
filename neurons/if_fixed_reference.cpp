#include <algorithm>

#include "neurons/if_fixed.h"
#include "neurons/if_step.h"
#include "sim/op/fixed.h"

namespace rheobase {
namespace {

class IfFixedReference : public IfFixedKernel {
 public:
  using IfFixedKernel::IfFixedKernel;

  void step(const StepArgs& args) const override {
    const std::int64_t words = input_.words_per_pixel();
    auto* scratch = args.scratch(0).take<std::int32_t>(row_);
    for (const int lane : args.lanes) {
      for (std::int64_t pixel = 0; pixel < input_.shape.pixels(); ++pixel) {
        const std::int32_t* x = pixel_integers(input_, args.inputs[0], lane, pixel, scratch);
        std::int32_t* v = args.state.int32(lane) + pixel * row_;
        std::uint64_t* spikes = args.output.spikes(lane) + pixel * words;
        std::fill(spikes, spikes + words, 0);
        for (std::int64_t c = 0; c < input_.shape.channels; ++c) {
          const bool fire = if_step(v[c], x[c], v_threshold_[c], reset_, v_reset_);
          spikes[c / 64] |= static_cast<std::uint64_t>(fire) << (c % 64);
        }
      }
    }
  }
};

}  // namespace

std::unique_ptr<HostKernel> make_if_fixed_reference(const NodeContext& context, const NodePlan& /*plan*/) {
  return std::make_unique<IfFixedReference>(context);
}

}  // namespace rheobase
