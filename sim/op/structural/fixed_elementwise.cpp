// Affine, Add and Output in fixed arithmetic: one pixel at a time, the same code for the reference and the
// cpu device. On the cpu an Affine before a join is added tile by tile instead (tile.h).
#include <memory>

#include "sim/op/fixed.h"
#include "sim/op/host/current_loops.h"
#include "sim/op/host/spike_bits.h"
#include "sim/op/host/tile.h"
#include "sim/op/structural/structural_kernels.h"

namespace rheobase {
namespace {

// y[c] = scale[c] * n[c] + shift[c]
class FixedAffine : public HostKernel, public TileAddend {
 public:
  explicit FixedAffine(const NodeContext& context)
      : input_(context.inputs[0]),
        scale_(integers_per_channel(context.node.tensors.at("scale"), input_.shape.channels)),
        shift_(integers_per_channel(context.node.tensors.at("shift"), input_.shape.channels)) {
    for (auto* list : {&scale_, &shift_}) list->resize(input_.words_per_pixel() * 64, 0);
  }
  std::size_t scratch_bytes() const override {
    return ScratchMemory::size<std::int32_t>(input_.shape.channels);
  }
  const TileAddend* tile_addend() const override { return this; }

  void step(const StepArgs& args) const override {
    const std::int64_t channels = input_.shape.channels;
    for_lane_items(args, input_.shape.pixels(), channels,
                   [&](int lane, std::int64_t begin, std::int64_t end, ScratchMemory scratch) {
                     auto* values = scratch.take<std::int32_t>(channels);
                     for (std::int64_t pixel = begin; pixel < end; ++pixel) {
                       const std::int32_t* n = pixel_integers(input_, args.inputs[0], lane, pixel, values);
                       std::int32_t* y = args.output.int32(lane) + pixel * channels;
                       for (std::int64_t c = 0; c < channels; ++c) y[c] = scale_[c] * n[c] + shift_[c];
                     }
                   });
  }

  void add_to(const Tile& tile, const SignalView& input) const override {
    const std::int32_t* scale = scale_.data() + tile.first_channel;
    const std::int32_t* shift = shift_.data() + tile.first_channel;
    if (input_.type == SignalType::spikes) {
      const std::int64_t words = input_.words_per_pixel();
      const std::uint64_t* first =
          input.spikes(tile.lane) + tile.first_pixel * words + tile.first_channel / 64;
      add_where_spiked(first, words, tile.pixels, scale, shift, tile.width, tile.currents);
      return;
    }
    if (input_.type == SignalType::int32)
      add_numbers(tile, input.int32(tile.lane));
    else
      add_numbers(tile, input.int16(tile.lane));
  }

 private:
  template <class Number>
  void add_numbers(const Tile& tile, const Number* values) const {
    const std::int64_t channels = input_.shape.channels;
    add_scaled(AddedNumbers<Number>{values + tile.first_pixel * channels + tile.first_channel, channels},
               scale_.data() + tile.first_channel, shift_.data() + tile.first_channel, tile.pixels,
               tile.channels, tile.width, tile.currents);
  }

  SignalSpec input_;
  std::vector<std::int32_t> scale_, shift_;  // one a channel, 0 beyond to a multiple of 64
};

// Sum of the inputs; of one input a copy (Output).
class FixedAdd : public HostKernel {
 public:
  explicit FixedAdd(const NodeContext& context) : inputs_(context.inputs) {}
  std::size_t scratch_bytes() const override {
    return ScratchMemory::size<std::int32_t>(inputs_[0].shape.channels);
  }

  void step(const StepArgs& args) const override {
    const std::int64_t channels = inputs_[0].shape.channels;
    for_lane_items(args, inputs_[0].shape.pixels(), channels,
                   [&](int lane, std::int64_t begin, std::int64_t end, ScratchMemory scratch) {
                     auto* values = scratch.take<std::int32_t>(channels);
                     for (std::int64_t pixel = begin; pixel < end; ++pixel) {
                       std::int32_t* y = args.output.int32(lane) + pixel * channels;
                       std::fill_n(y, channels, 0);
                       for (std::size_t i = 0; i < inputs_.size(); ++i) {
                         const std::int32_t* n =
                             pixel_integers(inputs_[i], args.inputs[i], lane, pixel, values);
                         for (std::int64_t c = 0; c < channels; ++c) y[c] += n[c];
                       }
                     }
                   });
  }

 private:
  std::vector<SignalSpec> inputs_;
};

}  // namespace

std::unique_ptr<HostKernel> make_fixed_affine(const NodeContext& context, const NodePlan& /*plan*/) {
  return std::make_unique<FixedAffine>(context);
}
std::unique_ptr<HostKernel> make_fixed_add(const NodeContext& context, const NodePlan& /*plan*/) {
  return std::make_unique<FixedAdd>(context);
}

}  // namespace rheobase
