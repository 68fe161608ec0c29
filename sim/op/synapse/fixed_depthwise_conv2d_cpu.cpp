// Convolutions of small groups on the cpu in fixed arithmetic: vectors run along the output channels of a
// pixel, several pixels side by side. A task first brings the image rows under its output rows into 16 bits,
// padding included, with one row for each input of a group; so every window is a whole one. Currents leave in
// tiles, to a neuron that takes them at once, or to memory.
#include <hwy/aligned_allocator.h>

#include <algorithm>
#include <new>

#include "sim/op/host/tile.h"
#include "sim/op/structural/structural_kernels.h"
#include "sim/op/synapse/depthwise_layout.h"
#include "sim/op/synapse/fixed_conv2d_plan.h"
#include "sim/op/synapse/fixed_depthwise_rows.h"
#include "sim/op/synapse/storing_sink.h"

namespace rheobase {
namespace {

// Pixels of a tile: their potentials stay in the first-level cache.
constexpr std::int64_t tile_pixels = 16;

// Output channels [first, first + channels), the first a multiple of 64.
struct Plane {
  std::int64_t first, channels, width;
};

std::vector<Plane> planes_of(std::int64_t channels) {
  std::vector<Plane> planes;
  for (std::int64_t first = 0; first < channels; first += 64) {
    const std::int64_t left = std::min<std::int64_t>(64, channels - first);
    planes.push_back({first, left, left <= 16 ? 16 : left <= 32 ? 32 : 64});
  }
  return planes;
}

class FixedDepthwiseConv2dCpu : public HostKernel, public TileSource {
 public:
  explicit FixedDepthwiseConv2dCpu(const NodeContext& context)
      : plan_(context),
        planes_(planes_of(plan_.output.channels)),
        columns_(planes_.back().first + planes_.back().width),
        pixel_(plan_.inputs_per_group() * columns_),
        width_((plan_.output.width - 1) * plan_.window.stride[1] +
               (plan_.window.kernel[1] - 1) * plan_.window.dilation[1] + 1),
        most_rows_(most_rows_per_task(plan_, true)),
        from_(channels_under_outputs(plan_, columns_)),
        start_(static_cast<std::size_t>(columns_), 0) {
    for (std::int64_t oc = 0; oc < plan_.output.channels; ++oc) start_[oc] = plan_.offset(oc);
    place_taps();
    const std::int64_t taps = std::ssize(taps_);
    weights_ = hwy::AllocateAligned<std::int16_t>(static_cast<std::size_t>(taps * columns_));
    if (!weights_) throw std::bad_alloc();
    std::fill_n(weights_.get(), taps * columns_, std::int16_t{0});
    for (std::int64_t row = 0; row < plan_.rows(); ++row) {
      for (std::int64_t oc = 0; oc < plan_.output.channels; ++oc)
        weights_[row * columns_ + oc] = static_cast<std::int16_t>(plan_.weight(oc, row));
    }
    plan_.weights = {};
  }

  const TileSource* tile_source() const override { return this; }

  std::size_t scratch_bytes() const override {
    return ScratchMemory::size<std::int32_t>(tile_pixels * 64) +
           ScratchMemory::size<std::int16_t>(words() * 64) +
           ScratchMemory::size<std::int16_t>(rows_under(plan_.window, most_rows_) * width_ * pixel_ + 64);
  }

  void step(const StepArgs& args) const override {
    step_tiles(args, StoringSink(args.output, plan_.output.channels));
  }

  void step_tiles(const StepArgs& args, const TileSink& sink) const override {
    const std::int64_t height = plan_.output.height;
    const std::int64_t total = height * static_cast<std::int64_t>(args.slots.size());
    const std::int64_t rows = rows_per_task(most_rows_, total, args.pool.threads());
    args.pool.for_ranges(total, rows, [&](std::int64_t begin, std::int64_t end, int worker) {
      while (begin < end) {
        const std::int64_t first = begin / height * height;
        const std::int64_t stop = std::min(end, first + height);
        const SlotLanes& slot = args.slots[begin / height];
        for (const int lane : args.lanes.subspan(slot.first, slot.count))
          sum_rows(args.inputs[0], lane, {begin - first, stop - first}, args.scratch(worker), sink);
        begin = stop;
      }
    });
  }

 private:
  struct Rows {
    std::int64_t begin, end;
  };

  std::int64_t words() const { return plan_.input.words_per_pixel(); }

  // Rows of weights, and where a window's inputs are from its first one on. An odd number of them is filled
  // up with the last one once more, its weights 0.
  void place_taps() {
    const Window& w = plan_.window;
    for (std::int64_t row = 0; row < plan_.rows(); ++row) {
      const std::int64_t tap = row / plan_.inputs_per_group();
      const std::int64_t pixel =
          tap / w.kernel[1] * w.dilation[0] * width_ + tap % w.kernel[1] * w.dilation[1];
      taps_.push_back(pixel * pixel_ + row % plan_.inputs_per_group() * columns_);
    }
    if (taps_.size() % 2 != 0) taps_.push_back(taps_.back());
  }

  void sum_rows(const SignalView& input, int lane, const Rows& rows, ScratchMemory scratch,
                const TileSink& sink) const {
    auto* currents = scratch.take<std::int32_t>(tile_pixels * 64);
    const std::int16_t* inputs = read_rows(input, lane, rows, scratch);
    const std::int64_t step = plan_.window.stride[1] * pixel_;
    for (std::int64_t y = rows.begin; y < rows.end; ++y) {
      for (const Plane& plane : planes_) {
        for (std::int64_t x = 0; x < plan_.output.width; x += tile_pixels) {
          const std::int64_t pixels = std::min(tile_pixels, plan_.output.width - x);
          const Tile tile{
              lane, y * plan_.output.width + x, pixels, plane.first, plane.channels, plane.width, currents};
          sink.expect(tile);
          sum_fixed_depthwise({inputs + x * step + plane.first, taps_.data(), std::ssize(taps_), step,
                               weights_.get() + plane.first, columns_, start_.data() + plane.first,
                               plan_.shift.bits, plane.width, pixels},
                              currents);
          sink.take(tile);
        }
      }
      inputs += plan_.window.stride[0] * width_ * pixel_;
    }
  }

  // The image under some output rows, [row][width_][I/groups][columns_], 0 in the padding.
  const std::int16_t* read_rows(const SignalView& input, int lane, const Rows& rows,
                                ScratchMemory& scratch) const {
    const ImageShape& image = plan_.input.shape;
    auto* values = scratch.take<std::int16_t>(words() * 64);
    const std::int64_t count = rows_under(plan_.window, rows.end - rows.begin);
    auto* pixels = scratch.take<std::int16_t>(count * width_ * pixel_ + 64);
    const std::int64_t top = rows.begin * plan_.window.stride[0] - plan_.window.padding[0];
    const std::int64_t left = std::min(width_, plan_.window.padding[1]);
    const std::int64_t right = std::min(width_, left + image.width);
    std::int16_t* row = pixels;
    for (std::int64_t y = top; y < top + count; ++y, row += width_ * pixel_) {
      const bool inside = y >= 0 && y < image.height;
      std::fill_n(row, (inside ? left : width_) * pixel_, std::int16_t{0});
      if (!inside) continue;
      for (std::int64_t x = left; x < right; ++x)
        read_pixel(input, lane, y * image.width + x - left, values, row + x * pixel_);
      // What a pixel wrote beyond its channels is overwritten by the next or here.
      std::fill_n(row + right * pixel_, (width_ - right) * pixel_, std::int16_t{0});
    }
    return pixels;
  }

  // One pixel's rows; columns beyond the last channel may hold any number, as their weights are 0.
  void read_pixel(const SignalView& input, int lane, std::int64_t pixel, std::int16_t* values,
                  std::int16_t* out) const {
    const std::int64_t channels = plan_.input.shape.channels;
    std::int16_t* target = is_depthwise(plan_) ? out : values;
    switch (plan_.input.type) {
      case SignalType::int16:
        std::copy_n(input.int16(lane) + pixel * channels, channels, target);
        break;
      case SignalType::int32:
        std::transform(input.int32(lane) + pixel * channels, input.int32(lane) + (pixel + 1) * channels,
                       target, [](std::int32_t value) { return static_cast<std::int16_t>(value); });
        break;
      default:
        spread_spikes(input.spikes(lane) + pixel * words(), words(), target);
    }
    if (is_depthwise(plan_)) {
      std::fill(out + channels, out + columns_, std::int16_t{0});
    } else {
      for (std::int64_t i = 0; i < pixel_; ++i) out[i] = values[from_[i]];
    }
  }

  FixedConv2dPlan plan_;
  std::vector<Plane> planes_;
  std::int64_t columns_;                               // of all planes
  std::int64_t pixel_;                                 // inputs of one pixel as the kernel reads it
  std::int64_t width_;                                 // pixels under a row of windows, padding included
  std::int64_t most_rows_;                             // output rows of a task
  std::vector<std::int32_t> from_;                     // [I/groups][columns_] input channels
  std::vector<std::int32_t> start_;                    // [columns_]
  std::vector<std::int64_t> taps_;                     // a multiple of 2
  hwy::AlignedFreeUniquePtr<std::int16_t[]> weights_;  // [taps_][columns_]
};

}  // namespace

std::unique_ptr<HostKernel> make_fixed_depthwise_conv2d_cpu(const NodeContext& context,
                                                            const NodePlan& /*plan*/) {
  return std::make_unique<FixedDepthwiseConv2dCpu>(context);
}

}  // namespace rheobase
