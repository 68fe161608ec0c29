// Flatten, Slice, Pad and Concat only move stored numbers about.
#include "sim/op/host/host_loops.h"
#include "sim/op/structural/rearrangement.h"
#include "sim/op/structural/structural_kernels.h"

namespace rheobase {
namespace {

using Index = std::int64_t;

// Neighbouring channels of one output pixel that come from neighbouring channels of one input pixel, or
// zeros.
struct Run {
  Rearrangement::Element first;
  Index count;
};

class RearrangeKernel : public HostKernel {
 public:
  explicit RearrangeKernel(const NodeContext& context) : from_(context) {
    const Index channels = from_.output.shape.channels;
    for (Index i = 0; i < std::ssize(from_.elements); ++i) {
      if (i % channels == 0) first_run_.push_back(std::ssize(runs_));
      if (i % channels == 0 || !continues(runs_.back(), from_.elements[i])) {
        runs_.push_back({from_.elements[i], 1});
      } else {
        ++runs_.back().count;
      }
    }
    first_run_.push_back(std::ssize(runs_));
    from_.elements = {};
  }

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
  static bool continues(const Run& run, const Rearrangement::Element& next) {
    if (next.input != run.first.input) return false;
    return next.input < 0 || (next.pixel == run.first.pixel && next.channel == run.first.channel + run.count);
  }

  template <class T>
  void write(const StepArgs& args, int lane, Index begin, Index end, T* out) const {
    out += begin * from_.output.shape.channels;
    for (Index r = first_run_[begin]; r < first_run_[end]; ++r) {
      write_run(args, lane, runs_[r], out);
      out += runs_[r].count;
    }
  }

  template <class T>
  void write_run(const StepArgs& args, int lane, const Run& run, T* out) const {
    if (run.first.input < 0) {
      std::fill_n(out, run.count, T{0});
      return;
    }
    const SignalSpec& spec = from_.inputs[run.first.input];
    const SignalView& view = args.inputs[run.first.input];
    const Index index = run.first.pixel * spec.shape.channels + run.first.channel;
    const auto convert = [&](const auto* from) {
      for (Index i = 0; i < run.count; ++i) out[i] = static_cast<T>(from[index + i]);
    };
    switch (spec.type) {
      case SignalType::real32:
        return convert(view.real(lane));
      case SignalType::int16:
        return convert(view.int16(lane));
      case SignalType::int32:
        return convert(view.int32(lane));
      case SignalType::spikes:
      case SignalType::signs:
        const T clear = spec.type == SignalType::signs ? T{-1} : T{0};
        for (Index i = 0; i < run.count; ++i) out[i] = bit(view, spec, lane, run, i) ? T{1} : clear;
    }
  }

  // Of an input of bits.
  static bool bit(const SignalView& view, const SignalSpec& spec, int lane, const Run& run, Index i) {
    const Index channel = run.first.channel + i;
    const std::uint64_t word = view.spikes(lane)[run.first.pixel * spec.words_per_pixel() + channel / 64];
    return (word >> (channel % 64) & 1U) != 0;
  }

  // Bits come of bits of the same kind, or are zeros.
  void write_spikes(const StepArgs& args, int lane, Index pixel) const {
    std::uint64_t* words = args.output.spikes(lane) + pixel * from_.output.words_per_pixel();
    std::fill(words, words + from_.output.words_per_pixel(), 0);
    Index c = 0;
    for (Index r = first_run_[pixel]; r < first_run_[pixel + 1]; c += runs_[r].count, ++r) {
      const Run& run = runs_[r];
      if (run.first.input < 0) continue;
      const SignalSpec& spec = from_.inputs[run.first.input];
      const SignalView& view = args.inputs[run.first.input];
      for (Index i = 0; i < run.count; ++i) {
        if (bit(view, spec, lane, run, i)) words[(c + i) / 64] |= std::uint64_t{1} << ((c + i) % 64);
      }
    }
  }

  Rearrangement from_;
  std::vector<Run> runs_;
  std::vector<Index> first_run_;  // of every output pixel, and the number of all
};

}  // namespace

std::unique_ptr<HostKernel> make_rearrange(const NodeContext& context, const NodePlan& /*plan*/) {
  return std::make_unique<RearrangeKernel>(context);
}

}  // namespace rheobase
