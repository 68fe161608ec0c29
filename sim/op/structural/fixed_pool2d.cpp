// AvgPool2d and MaxPool2d in fixed arithmetic: plain loops, for the reference and the cpu device.
#include "sim/op/fixed.h"
#include "sim/op/structural/pool2d_plan.h"
#include "sim/op/structural/structural_kernels.h"

namespace rheobase {
namespace {

// Calls body(lane, output pixel, integers of C channels to be written) and stores them as `type`.
template <class Body>
void for_output_pixels(const StepArgs& args, const Pool2dPlan& plan, SignalType type, const Body& body) {
  const std::int64_t channels = plan.input.shape.channels;
  for_lane_items(args, plan.output.pixels(), plan.work(),
                 [&](int lane, std::int64_t begin, std::int64_t end, ScratchMemory scratch) {
                   auto* values = scratch.take<std::int32_t>(channels);
                   auto* sums = scratch.take<std::int32_t>(channels);
                   for (std::int64_t pixel = begin; pixel < end; ++pixel) {
                     body(lane, pixel, values, sums);
                     if (type == SignalType::int16) {
                       std::copy(sums, sums + channels, args.output.int16(lane) + pixel * channels);
                     } else {
                       std::copy(sums, sums + channels, args.output.int32(lane) + pixel * channels);
                     }
                   }
                 });
}

class FixedAvgPool2d : public HostKernel {
 public:
  FixedAvgPool2d(const NodeContext& context, const NodePlan& plan)
      : plan_(context), type_(plan.output.type) {}
  std::size_t scratch_bytes() const override {
    return 2 * ScratchMemory::size<std::int32_t>(plan_.input.shape.channels);
  }

  void step(const StepArgs& args) const override {
    const std::int64_t channels = plan_.input.shape.channels;
    const std::int64_t words = plan_.input.words_per_pixel();
    for_output_pixels(
        args, plan_, type_, [&](int lane, std::int64_t pixel, std::int32_t* values, std::int32_t* sums) {
          std::fill_n(sums, channels, 0);
          plan_.for_window(pixel / plan_.output.width, pixel % plan_.output.width, [&](std::int64_t from) {
            if (plan_.input.type == SignalType::spikes) {
              for_set_bits(args.inputs[0].spikes(lane) + from * words, words,
                           [&](std::int64_t c) { ++sums[c]; });
              return;
            }
            const std::int32_t* n = pixel_integers(plan_.input, args.inputs[0], lane, from, values);
            for (std::int64_t c = 0; c < channels; ++c) sums[c] += n[c];
          });
        });
  }

 private:
  Pool2dPlan plan_;
  SignalType type_;
};

// Keeps the type of its input; the maximum of spikes is a spike.
class FixedMaxPool2d : public HostKernel {
 public:
  explicit FixedMaxPool2d(const NodeContext& context) : plan_(context) {}
  std::size_t scratch_bytes() const override {
    return 2 * ScratchMemory::size<std::int32_t>(plan_.input.shape.channels);
  }

  void step(const StepArgs& args) const override {
    if (plan_.input.type == SignalType::spikes) return step_spikes(args);
    const std::int64_t channels = plan_.input.shape.channels;
    for_output_pixels(
        args, plan_, plan_.input.type,
        [&](int lane, std::int64_t pixel, std::int32_t* values, std::int32_t* most) {
          bool any = false;
          std::fill_n(most, channels, 0);  // of a window that holds no pixel
          plan_.for_window(pixel / plan_.output.width, pixel % plan_.output.width, [&](std::int64_t from) {
            const std::int32_t* n = pixel_integers(plan_.input, args.inputs[0], lane, from, values);
            for (std::int64_t c = 0; c < channels; ++c) most[c] = any ? std::max(most[c], n[c]) : n[c];
            any = true;
          });
        });
  }

 private:
  void step_spikes(const StepArgs& args) const {
    const std::int64_t words = plan_.input.words_per_pixel();
    for_lane_items(args, plan_.output.pixels(), plan_.work() / 64,
                   [&](int lane, std::int64_t begin, std::int64_t end, ScratchMemory) {
                     for (std::int64_t pixel = begin; pixel < end; ++pixel) {
                       std::uint64_t* any = args.output.spikes(lane) + pixel * words;
                       std::fill_n(any, words, 0);
                       plan_.for_window(
                           pixel / plan_.output.width, pixel % plan_.output.width, [&](std::int64_t from) {
                             const std::uint64_t* in = args.inputs[0].spikes(lane) + from * words;
                             for (std::int64_t w = 0; w < words; ++w) any[w] |= in[w];
                           });
                     }
                   });
  }

  Pool2dPlan plan_;
};

}  // namespace

std::unique_ptr<HostKernel> make_fixed_avg_pool2d(const NodeContext& context, const NodePlan& plan) {
  return std::make_unique<FixedAvgPool2d>(context, plan);
}
std::unique_ptr<HostKernel> make_fixed_max_pool2d(const NodeContext& context, const NodePlan& /*plan*/) {
  return std::make_unique<FixedMaxPool2d>(context);
}

}  // namespace rheobase
