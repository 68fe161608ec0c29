// Flatten, Slice, Pad and Concat only move stored numbers about.
#include "sim/op/host/host_loops.h"
#include "sim/op/structural/rearrangement.h"
#include "sim/op/structural/structural_kernels.h"

namespace rheobase {
namespace {

using Index = std::int64_t;

class RearrangeKernel : public HostKernel {
 public:
  explicit RearrangeKernel(const NodeContext& context) : from_(context) {}

  void step(const StepArgs& args) const override {
    const Index channels = from_.output.shape.channels;
    for_lane_items(args, from_.output.shape.pixels(), channels,
                   [&](int lane, Index begin, Index end, ScratchMemory) {
                     switch (from_.output.type) {
                       case SignalType::spikes:
                       case SignalType::signs:
                         for (Index pixel = begin; pixel < end; ++pixel) write_spikes(args, lane, pixel);
                         return;
                       case SignalType::real32:
                         return write(args, lane, begin, end, args.output.real(lane));
                       case SignalType::int16:
                         return write(args, lane, begin, end, args.output.int16(lane));
                       case SignalType::int32:
                         return write(args, lane, begin, end, args.output.int32(lane));
                     }
                   });
  }

 private:
  using Element = Rearrangement::Element;

  template <class T>
  void write(const StepArgs& args, int lane, Index begin, Index end, T* out) const {
    const Index channels = from_.output.shape.channels;
    for (Index i = begin * channels; i < end * channels; ++i)
      out[i] = stored<T>(args, lane, from_.elements[i]);
  }

  template <class T>
  T stored(const StepArgs& args, int lane, const Element& e) const {
    if (e.input < 0) return 0;
    const SignalSpec& spec = from_.inputs[e.input];
    const SignalView& view = args.inputs[e.input];
    const Index index = e.pixel * spec.shape.channels + e.channel;
    switch (spec.type) {
      case SignalType::real32:
        return static_cast<T>(view.real(lane)[index]);
      case SignalType::int16:
        return static_cast<T>(view.int16(lane)[index]);
      case SignalType::int32:
        return static_cast<T>(view.int32(lane)[index]);
      case SignalType::spikes:
        return static_cast<T>(bit(view, spec, lane, e) ? 1 : 0);
      case SignalType::signs:
        return static_cast<T>(bit(view, spec, lane, e) ? 1 : -1);
    }
    throw InternalError("not a signal type");
  }

  static bool bit(const SignalView& view, const SignalSpec& spec, int lane, const Element& e) {
    const std::uint64_t word = view.spikes(lane)[e.pixel * spec.words_per_pixel() + e.channel / 64];
    return (word >> (e.channel % 64) & 1U) != 0;
  }

  void write_spikes(const StepArgs& args, int lane, Index pixel) const {
    const Index channels = from_.output.shape.channels;
    std::uint64_t* words = args.output.spikes(lane) + pixel * from_.output.words_per_pixel();
    std::fill(words, words + from_.output.words_per_pixel(), 0);
    for (Index c = 0; c < channels; ++c) {
      if (stored<int>(args, lane, from_.elements[pixel * channels + c]) > 0)
        words[c / 64] |= std::uint64_t{1} << (c % 64);
    }
  }

  Rearrangement from_;
};

}  // namespace

std::unique_ptr<HostKernel> make_rearrange(const NodeContext& context, const NodePlan& /*plan*/) {
  return std::make_unique<RearrangeKernel>(context);
}

}  // namespace rheobase
