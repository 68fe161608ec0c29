// Convolutions of small groups on the cpu in float32: vectors run along the output channels of a pixel,
// several pixels side by side. A depthwise convolution reads real inputs where they lie. Bits become floats
// first, and a group of several channels one row of floats for each of its inputs: 0, 1 or -1 by fused
// multiply-add change a sum as conv2d_plan.h says, as no sum is ever -0.
#include <hwy/aligned_allocator.h>

#include <algorithm>
#include <new>

#include "sim/op/host/tile.h"
#include "sim/op/structural/structural_kernels.h"
#include "sim/op/synapse/conv2d_plan.h"
#include "sim/op/synapse/depthwise_layout.h"
#include "sim/op/synapse/row_kernels.h"

namespace rheobase {
namespace {

// Floats of a tile: they stay in the first-level cache.
constexpr std::int64_t tile_floats = 4096;

class DepthwiseConv2dCpu : public HostKernel, public TileSource {
 public:
  explicit DepthwiseConv2dCpu(const NodeContext& context)
      : plan_(context),
        spread_(!is_depthwise(plan_) || plan_.input.is_bits()),
        pixel_(spread_ ? plan_.inputs_per_group() * plan_.output.channels : plan_.input.shape.channels),
        most_rows_(most_rows_per_task(plan_, spread_)),
        from_(channels_under_outputs(plan_, plan_.output.channels)) {
    const std::int64_t channels = plan_.output.channels;
    weights_ = hwy::AllocateAligned<float>(static_cast<std::size_t>(plan_.rows() * channels));
    if (!weights_) throw std::bad_alloc();
    for (std::int64_t row = 0; row < plan_.rows(); ++row) {
      for (std::int64_t oc = 0; oc < channels; ++oc) weights_[row * channels + oc] = plan_.weight(oc, row);
    }
    plan_.weights = {};
  }

  std::size_t scratch_bytes() const override {
    std::size_t bytes = ScratchMemory::size<DepthwiseTap>(plan_.rows());
    if (!spread_) return bytes + ScratchMemory::size<float>(tile_positions() * plan_.output.channels);
    const std::int64_t rows = std::min(plan_.input.shape.height, rows_under(plan_.window, most_rows_));
    return bytes + ScratchMemory::size<float>(words() * 64) +
           ScratchMemory::size<float>(rows * plan_.input.shape.width * pixel_ + 64);
  }

  // What is spread first serves all rows of a task at one lane after the other.
  const TileSource* tile_source() const override { return spread_ ? nullptr : this; }
  bool sends_reals() const override { return true; }

  void step_tiles(const StepArgs& args, const TileSink& sink) const override {
    const std::int64_t height = plan_.output.height;
    const std::int64_t total = height * static_cast<std::int64_t>(args.slots.size());
    const std::int64_t rows = rows_per_task(most_rows_, total, args.pool.threads());
    args.pool.for_ranges(total, rows, [&](std::int64_t begin, std::int64_t end, int worker) {
      for (std::int64_t row = begin; row < end; ++row) {
        const SlotLanes& slot = args.slots[row / height];
        for (const int lane : args.lanes.subspan(slot.first, slot.count))
          send_row(args.inputs[0], lane, row % height, args.scratch(worker), sink);
      }
    });
  }

  void step(const StepArgs& args) const override {
    const std::int64_t height = plan_.output.height;
    const std::int64_t total = height * static_cast<std::int64_t>(args.lanes.size());
    const std::int64_t rows = rows_per_task(most_rows_, total, args.pool.threads());
    args.pool.for_ranges(total, rows, [&](std::int64_t begin, std::int64_t end, int worker) {
      while (begin < end) {
        const std::int64_t first = begin / height * height;
        const std::int64_t stop = std::min(end, first + height);
        sum_rows(args, args.lanes[begin / height], begin - first, stop - first, args.scratch(worker));
        begin = stop;
      }
    });
  }

 private:
  // Inputs of an image's pixels, from `first_pixel` on.
  struct Inputs {
    const float* pixels;
    std::int64_t first_pixel;
  };

  std::int64_t words() const { return plan_.input.words_per_pixel(); }

  // Output rows [begin, end) of a lane.
  void sum_rows(const StepArgs& args, int lane, std::int64_t begin, std::int64_t end,
                ScratchMemory scratch) const {
    auto* taps = scratch.take<DepthwiseTap>(plan_.rows());
    const Inputs inputs = spread_ ? spread_rows(args.inputs[0], lane, begin, end, scratch)
                                  : Inputs{args.inputs[0].real(lane), 0};
    const auto [left, right] = whole_windows();
    for (std::int64_t y = begin; y < end; ++y) {
      float* out = args.output.real(lane) + y * plan_.output.width * plan_.output.channels;
      for (std::int64_t x = 0; x < plan_.output.width;) {
        const std::int64_t positions = x == left && right > left ? right - left : 1;
        sum(inputs, y, x, positions, taps, out + x * plan_.output.channels);
        x += positions;
      }
    }
  }

  void sum(const Inputs& inputs, std::int64_t y, std::int64_t x, std::int64_t positions, DepthwiseTap* taps,
           float* out) const {
    sum_depthwise({taps, list_taps(inputs, y, x, taps), plan_.window.stride[1] * pixel_, plan_.bias.data(),
                   plan_.output.channels, positions, out});
  }

  // Columns that make a tile, a multiple of those that the kernel takes together.
  std::int64_t tile_positions() const {
    return std::max<std::int64_t>(4, tile_floats / plan_.output.channels / 4 * 4);
  }

  void send_row(const SignalView& input, int lane, std::int64_t y, ScratchMemory scratch,
                const TileSink& sink) const {
    const std::int64_t channels = plan_.output.channels;
    auto* taps = scratch.take<DepthwiseTap>(plan_.rows());
    auto* reals = scratch.take<float>(tile_positions() * channels);
    const auto [left, right] = whole_windows();
    for (std::int64_t x = 0; x < plan_.output.width;) {
      const std::int64_t positions = x >= left && x < right ? std::min(right - x, tile_positions()) : 1;
      const Tile tile{lane, y * plan_.output.width + x, positions, 0, channels, channels, nullptr, reals};
      sink.expect(tile);
      sum({input.real(lane), 0}, y, x, positions, taps, reals);
      sink.take(tile);
      x += positions;
    }
  }

  // Output columns [first, last) whose windows do not reach beyond the left or the right border.
  std::pair<std::int64_t, std::int64_t> whole_windows() const {
    const Window& w = plan_.window;
    const std::int64_t stride = w.stride[1];
    const std::int64_t reach = plan_.input.shape.width - 1 + w.padding[1] - (w.kernel[1] - 1) * w.dilation[1];
    const std::int64_t first = (w.padding[1] + stride - 1) / stride;
    return {first, reach < 0 ? 0 : std::min(plan_.output.width, reach / stride + 1)};
  }

  std::int64_t list_taps(const Inputs& inputs, std::int64_t y, std::int64_t x, DepthwiseTap* taps) const {
    DepthwiseTap* tap = taps;
    plan_.for_taps(y, x, [&](std::int64_t pixel, std::int64_t row) {
      const float* rows = inputs.pixels + (pixel - inputs.first_pixel) * pixel_;
      for (std::int64_t ic = 0; ic < plan_.inputs_per_group(); ++ic) {
        *tap++ = {rows + ic * plan_.output.channels, weights_.get() + (row + ic) * plan_.output.channels};
      }
    });
    return tap - taps;
  }

  // Brings the image rows under some output rows into the form that the kernel reads.
  Inputs spread_rows(const SignalView& input, int lane, std::int64_t begin, std::int64_t end,
                     ScratchMemory& scratch) const {
    const ImageShape& image = plan_.input.shape;
    auto* pixel_values = scratch.take<float>(words() * 64);
    const std::int64_t top = begin * plan_.window.stride[0] - plan_.window.padding[0];
    const std::int64_t first = std::clamp<std::int64_t>(top, 0, image.height);
    const std::int64_t last =
        std::clamp<std::int64_t>(top + rows_under(plan_.window, end - begin), first, image.height);
    auto* pixels = scratch.take<float>((last - first) * image.width * pixel_ + 64);
    float* out = pixels;
    for (std::int64_t pixel = first * image.width; pixel < last * image.width; ++pixel, out += pixel_) {
      const float* values = pixel_values;
      if (!plan_.input.is_bits()) {
        values = input.real(lane) + pixel * image.channels;
      } else {
        // What is spread beyond the last channel is overwritten by the next pixel.
        float* spread = is_depthwise(plan_) ? out : pixel_values;
        spread_bits(input.spikes(lane) + pixel * words(), words(),
                    plan_.input.type == SignalType::signs ? -1.0F : 0.0F, spread);
      }
      if (is_depthwise(plan_)) continue;
      for (std::int64_t i = 0; i < pixel_; ++i) out[i] = values[from_[i]];
    }
    return {pixels, first * image.width};
  }

  Conv2dPlan plan_;
  bool spread_;
  std::int64_t pixel_;                          // floats of one pixel as the kernel reads it
  std::int64_t most_rows_;                      // output rows of a task
  std::vector<std::int32_t> from_;              // [I/groups][O] input channels
  hwy::AlignedFreeUniquePtr<float[]> weights_;  // [row][O]
};

}  // namespace

std::unique_ptr<HostKernel> make_depthwise_conv2d_cpu(const NodeContext& context, const NodePlan& /*plan*/) {
  return std::make_unique<DepthwiseConv2dCpu>(context);
}

}  // namespace rheobase
