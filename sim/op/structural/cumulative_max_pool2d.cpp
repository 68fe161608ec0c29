// CumulativeMaxPool2d in both arithmetics, for the reference device, and of bits for the cpu. A task has some
// channels of all pixels of a slot, whose steps it takes in order: windows overlap.
#include <algorithm>
#include <limits>
#include <type_traits>

#include "sim/op/fixed.h"
#include "sim/op/structural/pool2d_plan.h"
#include "sim/op/structural/structural_kernels.h"

namespace rheobase {
namespace {

constexpr std::int64_t channels_per_task = 16;

// State: the sums X of the input so far, [pixel][channel], and behind them the maxima M of the windows,
// [output pixel][channel].
//   X <- X + x;  y = max of X over the window - M;  M <- that max
// Number is float, or std::int32_t in fixed arithmetic.
template <class Number>
class CumulativeMaxPool2d : public HostKernel {
 public:
  CumulativeMaxPool2d(const NodeContext& context, const NodePlan& plan)
      : plan_(context), is_narrow_(plan.output.type == SignalType::int16) {}
  std::size_t scratch_bytes() const override {
    return ScratchMemory::size<Number>(channels()) + ScratchMemory::size<Number>(channels_per_task);
  }

  void step(const StepArgs& args) const override {
    const std::int64_t work = plan_.input.shape.pixels() * channels_per_task;
    for_stateful_items(args, (channels() + channels_per_task - 1) / channels_per_task, work,
                       [&](int lane, std::int64_t begin, std::int64_t end, ScratchMemory scratch) {
                         auto* pixel = scratch.take<Number>(channels());
                         auto* most = scratch.take<Number>(channels_per_task);
                         for (std::int64_t item = begin; item < end; ++item) {
                           const std::int64_t first = item * channels_per_task;
                           const Block block{first, std::min(channels_per_task, channels() - first)};
                           add(args, lane, block, pixel);
                           emit(args, lane, block, most);
                         }
                       });
  }

 private:
  struct Block {
    std::int64_t first, count;  // channels
  };

  std::int64_t channels() const { return plan_.input.shape.channels; }
  static Number* sums(const StepArgs& args, int lane) {
    return reinterpret_cast<Number*>(args.state.entry(lane));
  }

  const Number* input(const StepArgs& args, int lane, std::int64_t pixel, Number* scratch) const {
    if constexpr (std::is_same_v<Number, float>)
      return pixel_values(plan_.input, args.inputs[0], lane, pixel, scratch);
    else
      return pixel_integers(plan_.input, args.inputs[0], lane, pixel, scratch);
  }

  void add(const StepArgs& args, int lane, const Block& block, Number* scratch) const {
    Number* sum = sums(args, lane) + block.first;
    for (std::int64_t pixel = 0; pixel < plan_.input.shape.pixels(); ++pixel, sum += channels()) {
      const Number* x = input(args, lane, pixel, scratch) + block.first;
      for (std::int64_t c = 0; c < block.count; ++c) sum[c] += x[c];
    }
  }

  void emit(const StepArgs& args, int lane, const Block& block, Number* most) const {
    const Number* sum = sums(args, lane) + block.first;
    Number* before = sums(args, lane) + plan_.input.shape.size() + block.first;
    std::int64_t pixel = 0;
    for (std::int64_t y = 0; y < plan_.output.height; ++y) {
      for (std::int64_t x = 0; x < plan_.output.width; ++x, ++pixel, before += channels()) {
        bool any = false;
        std::fill_n(most, block.count, Number{0});  // of a window that holds no pixel
        plan_.for_window(y, x, [&](std::int64_t from) {
          const Number* at = sum + from * channels();
          for (std::int64_t c = 0; c < block.count; ++c) most[c] = any ? std::max(most[c], at[c]) : at[c];
          any = true;
        });
        write(args.output, lane, pixel * channels() + block.first, block.count, most, before);
      }
    }
  }

  void write(const SignalView& output, int lane, std::int64_t index, std::int64_t count, const Number* most,
             Number* before) const {
    for (std::int64_t c = 0; c < count; ++c) {
      const Number y = most[c] - before[c];
      before[c] = most[c];
      if constexpr (std::is_same_v<Number, float>) {
        output.real(lane)[index + c] = y;
      } else if (is_narrow_) {
        output.int16(lane)[index + c] = static_cast<std::int16_t>(y);
      } else {
        output.int32(lane)[index + c] = y;
      }
    }
  }

  Pool2dPlan plan_;
  bool is_narrow_;
};

}  // namespace

std::unique_ptr<HostKernel> make_cumulative_max_pool2d(const NodeContext& context, const NodePlan& plan) {
  return std::make_unique<CumulativeMaxPool2d<float>>(context, plan);
}
std::unique_ptr<HostKernel> make_fixed_cumulative_max_pool2d(const NodeContext& context,
                                                             const NodePlan& plan) {
  return std::make_unique<CumulativeMaxPool2d<std::int32_t>>(context, plan);
}

}  // namespace rheobase
