#include "sim/op/fixed.h"
#include "sim/op/structural/structural_kernels.h"
#include "sim/op/synapse/fixed_conv2d_plan.h"

namespace rheobase {
namespace {

// One output at a time, straight from the definition in fixed_conv2d_plan.h.
class FixedConv2dReference : public HostKernel {
 public:
  explicit FixedConv2dReference(const NodeContext& context) : plan_(context) {}

  void step(const StepArgs& args) const override {
    for (const int lane : args.lanes) {
      std::int32_t* out = args.output.int32(lane);
      for (std::int64_t y = 0; y < plan_.output.height; ++y) {
        for (std::int64_t x = 0; x < plan_.output.width; ++x) {
          for (std::int64_t oc = 0; oc < plan_.output.channels; ++oc)
            *out++ = (plan_.offset(oc) + sum(args.inputs[0], lane, y, x, oc)) >> plan_.shift.bits;
        }
      }
    }
  }

 private:
  std::int32_t sum(const SignalView& view, int lane, std::int64_t y, std::int64_t x, std::int64_t oc) const {
    const std::int64_t channels = plan_.inputs_per_group();
    const std::int64_t first_channel = oc / plan_.outputs_per_group() * channels;
    std::int32_t sum = 0;
    plan_.for_taps(y, x, [&](std::int64_t pixel, std::int64_t row) {
      for (std::int64_t ic = 0; ic < channels; ++ic)
        sum += plan_.weight(oc, row + ic) * value(view, lane, pixel, first_channel + ic);
    });
    return sum;
  }

  std::int32_t value(const SignalView& view, int lane, std::int64_t pixel, std::int64_t channel) const {
    const std::int64_t index = pixel * plan_.input.shape.channels + channel;
    switch (plan_.input.type) {
      case SignalType::int16:
        return view.int16(lane)[index];
      case SignalType::int32:
        return view.int32(lane)[index];
      default:
        return static_cast<std::int32_t>(
            view.spikes(lane)[pixel * plan_.input.words_per_pixel() + channel / 64] >> (channel % 64) & 1U);
    }
  }

  FixedConv2dPlan plan_;
};

}  // namespace

std::unique_ptr<HostKernel> make_fixed_conv2d_reference(const NodeContext& context,
                                                        const NodePlan& /*plan*/) {
  return std::make_unique<FixedConv2dReference>(context);
}

}  // namespace rheobase
