// BinaryConv2d and BinaryLinear one output at a time, straight from binary_conv2d_plan.h.
#include <bit>

#include "binarize/ops/binary_conv2d_plan.h"

namespace rheobase {
namespace {

class BinaryConv2dReference : public HostKernel {
 public:
  BinaryConv2dReference(const NodeContext& context, Arithmetic arithmetic) : plan_(context, arithmetic) {}

  void step(const StepArgs& args) const override {
    for (const int lane : args.lanes) {
      for (std::int64_t pixel = 0; pixel < plan_.output.pixels(); ++pixel) {
        for (std::int64_t oc = 0; oc < plan_.output.channels; ++oc)
          write(args, lane, pixel * plan_.output.channels + oc, oc, sum(args.inputs[0], lane, pixel, oc));
      }
    }
  }

 private:
  std::int32_t sum(const SignalView& view, int lane, std::int64_t pixel, std::int64_t oc) const {
    const std::int64_t words = plan_.input.words_per_pixel();
    std::int32_t sum = 0;
    plan_.for_taps(pixel / plan_.output.width, pixel % plan_.output.width,
                   [&](std::int64_t from, std::int64_t tap) {
                     const std::uint64_t* x = view.spikes(lane) + from * words;
                     const std::uint64_t* w = plan_.weights.tap(oc, tap);
                     for (std::int64_t i = 0; i < words; ++i) sum += products(x[i], w[i], i);
                   });
    return sum;
  }

  // Sum of the products of one word's channels.
  std::int32_t products(std::uint64_t x, std::uint64_t w, std::int64_t word) const {
    if (plan_.input_bits() == BitInput::spikes) return std::popcount(x & w) - std::popcount(x & ~w);
    const auto valid =
        static_cast<std::int32_t>(std::min<std::int64_t>(64, plan_.input.shape.channels - 64 * word));
    return valid - 2 * std::popcount(x ^ w);
  }

  void write(const StepArgs& args, int lane, std::int64_t index, std::int64_t oc, std::int32_t sum) const {
    if (plan_.arithmetic == Arithmetic::fixed) {
      args.output.int32(lane)[index] = plan_.integer_scale[oc] * sum + plan_.integer_shift[oc];
      return;
    }
    float& y = args.output.real(lane)[index];
    y = binary_output(sum, plan_.relu, plan_.scale[oc], plan_.shift[oc]);
    if (plan_.adds) y += args.inputs[1].real(lane)[index];
  }

  BinaryConv2dPlan plan_;
};

}  // namespace

std::unique_ptr<HostKernel> make_binary_conv2d_reference(const NodeContext& context, Arithmetic arithmetic) {
  return std::make_unique<BinaryConv2dReference>(context, arithmetic);
}

}  // namespace rheobase
