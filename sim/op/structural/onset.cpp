// Onset in both arithmetics, for the reference and the cpu device: its input at a sample's first step,
// nothing after.
#include <cstring>

#include "sim/op/host/host_loops.h"
#include "sim/op/structural/structural_kernels.h"

namespace rheobase {
namespace {

// State: for every pixel whether its first step is over.
class Onset : public HostKernel {
 public:
  explicit Onset(const NodeContext& context) : input_(context.inputs[0]) {}

  void step(const StepArgs& args) const override {
    const std::int64_t pixels = input_.shape.pixels();
    const std::size_t bytes = input_.bytes() / static_cast<std::size_t>(pixels);
    for_stateful_items(args, pixels, input_.shape.channels,
                       [&](int lane, std::int64_t begin, std::int64_t end, const ScratchMemory&) {
                         const std::byte* in = args.inputs[0].entry(lane);
                         std::byte* out = args.output.entry(lane);
                         std::int32_t* over = args.state.int32(lane);
                         for (std::int64_t pixel = begin; pixel < end; ++pixel) {
                           const std::size_t at = static_cast<std::size_t>(pixel) * bytes;
                           if (over[pixel] == 0)
                             std::memcpy(out + at, in + at, bytes);
                           else
                             std::memset(out + at, 0, bytes);
                           over[pixel] = 1;
                         }
                       });
  }

 private:
  SignalSpec input_;
};

}  // namespace

std::unique_ptr<HostKernel> make_onset(const NodeContext& context, const NodePlan& /*plan*/) {
  return std::make_unique<Onset>(context);
}

}  // namespace rheobase
