#include "neurons/sign_kernels.h"
#include "neurons/sign_step.h"
#include "sim/op/host/host_loops.h"

namespace rheobase {
namespace {

class SignReference : public SignKernel {
 public:
  using SignKernel::SignKernel;

  void step(const StepArgs& args) const override {
    const std::int64_t channels = input_.shape.channels;
    const std::int64_t words = input_.words_per_pixel();
    for_lane_items(args, input_.shape.pixels(), channels,
                   [&](int lane, std::int64_t begin, std::int64_t end, ScratchMemory scratch) {
                     auto* values = scratch.take<float>(channels);
                     for (std::int64_t pixel = begin; pixel < end; ++pixel) {
                       const float* z = pixel_values(input_, args.inputs[0], lane, pixel, values);
                       std::uint64_t* bits = args.output.spikes(lane) + pixel * words;
                       std::fill(bits, bits + words, 0);
                       for (std::int64_t c = 0; c < channels; ++c)
                         bits[c / 64] |= std::uint64_t{is_positive(z[c], threshold_[c])} << (c % 64);
                     }
                   });
  }
};

}  // namespace

std::unique_ptr<HostKernel> make_sign_reference(const NodeContext& context, const NodePlan& /*plan*/) {
  return std::make_unique<SignReference>(context);
}

}  // namespace rheobase
