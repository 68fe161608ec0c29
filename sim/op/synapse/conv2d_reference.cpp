#include <cmath>

#include "sim/op/host/host_loops.h"
#include "sim/op/structural/structural_kernels.h"
#include "sim/op/synapse/conv2d_plan.h"

namespace rheobase {
namespace {

// One output at a time, straight from the definition in conv2d_plan.h.
class Conv2dReference : public HostKernel {
 public:
  explicit Conv2dReference(const NodeContext& context) : plan_(context) {}

  void step(const StepArgs& args) const override {
    for (const int lane : args.lanes) {
      for (std::int64_t y = 0; y < plan_.output.height; ++y) {
        for (std::int64_t x = 0; x < plan_.output.width; ++x) {
          float* out = args.output.real(lane) + (y * plan_.output.width + x) * plan_.output.channels;
          for (std::int64_t oc = 0; oc < plan_.output.channels; ++oc)
            out[oc] = sum(args.inputs[0], lane, y, x, oc);
        }
      }
    }
  }

 private:
  float sum(const SignalView& view, int lane, std::int64_t y, std::int64_t x, std::int64_t oc) const {
    const std::int64_t channels = plan_.inputs_per_group();
    const std::int64_t first_channel = oc / plan_.outputs_per_group() * channels;
    float sum = plan_.bias[oc];
    plan_.for_taps(y, x, [&](std::int64_t pixel, std::int64_t row) {
      for (std::int64_t ic = 0; ic < channels; ++ic) {
        const float weight = plan_.weight(oc, row + ic);
        const std::int64_t channel = first_channel + ic;
        if (plan_.input.type == SignalType::real32) {
          sum = std::fma(weight, view.real(lane)[pixel * plan_.input.shape.channels + channel], sum);
        } else if (bit(view, lane, pixel, channel)) {
          sum += weight;
        } else if (plan_.input.type == SignalType::signs) {
          sum -= weight;
        }
      }
    });
    return sum;
  }

  bool bit(const SignalView& view, int lane, std::int64_t pixel, std::int64_t channel) const {
    const std::uint64_t* words = view.spikes(lane) + pixel * plan_.input.words_per_pixel();
    return (words[channel / 64] >> (channel % 64) & 1U) != 0;
  }

  Conv2dPlan plan_;
};

}  // namespace

std::unique_ptr<HostKernel> make_conv2d_reference(const NodeContext& context, const NodePlan& /*plan*/) {
  return std::make_unique<Conv2dReference>(context);
}

}  // namespace rheobase
