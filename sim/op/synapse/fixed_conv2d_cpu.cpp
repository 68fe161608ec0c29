// Conv2d and Linear on the cpu in fixed arithmetic. Spikes and small counts have two paths: event-driven
// (list the active weight rows of each output position once, then add them for one plane of output channels
// after the other) and dense. Wider inputs, such as the image, are always dense. Currents leave in tiles: to
// a neuron that takes them at once, or to memory.
#include <algorithm>
#include <cstring>
#include <optional>

#include "sim/op/fixed.h"
#include "sim/op/host/dense_density.h"
#include "sim/op/host/prefetch.h"
#include "sim/op/host/spike_bits.h"
#include "sim/op/host/tile.h"
#include "sim/op/structural/structural_kernels.h"
#include "sim/op/synapse/depthwise_layout.h"
#include "sim/op/synapse/event_lister.h"
#include "sim/op/synapse/fixed_weights.h"
#include "sim/op/synapse/signed_events.h"
#include "sim/op/synapse/storing_sink.h"

namespace rheobase {
namespace {

// Weights that several positions read one after the other should stay in the second-level cache.
constexpr std::int64_t block_bytes = 160 << 10;
// Weights of a group that each worker's second-level cache may well hold all of.
constexpr std::int64_t shared_bytes = 256 << 10;
// Bytes of event lists, or of dense inputs, that a task holds at most.
constexpr std::int64_t list_bytes = 16 << 20;
constexpr std::int64_t most_positions = 512;
// Pixels of a tile: their potentials stay in the first-level cache through the lanes of a slot.
constexpr std::int64_t tile_pixels = 16;
// What graded spikes have added, so that they are bytes of [0, 128].
constexpr std::int32_t zero_point = 64;

// Output pixels [begin, end) of all lanes of a slot; its positions are numbered lane by lane.
struct Strip {
  std::span<const int> lanes;
  std::int64_t begin, end;
  std::int64_t pixels() const { return end - begin; }
  std::int64_t positions() const { return pixels() * static_cast<std::int64_t>(lanes.size()); }
};

// How the work of a step is cut into tasks: strips of pixels, several to a task, and for few positions also
// parts of the planes of a group.
struct Cut {
  std::int64_t strip_pixels, strips_per_slot, strips_per_task, tasks, plane_parts;
};

class FixedConv2dCpu : public HostKernel, public TileSource {
 public:
  explicit FixedConv2dCpu(const NodeContext& context)
      : plan_(context),
        planes_(plan_),
        event_plan_(over_spikes(plan_)),
        lister_(event_plan_, block_bytes / planes_.width(),
                reads_signed_spikes(plan_) ? plan_.input.shape.channels : 0),
        event_weights_(event_plan_, planes_, lister_) {
    // Graded spikes of up to 64 units become bytes by a zero point; what they are multiplied by then is taken
    // from the offsets.
    const bool graded = plan_.input.type == SignalType::int16 && plan_.input.low < 0 &&
                        plan_.input.low >= -zero_point && plan_.input.high <= 128 - zero_point;
    zero_ = graded ? zero_point : 0;
    const bool small = lister_.possible() || graded || (plan_.input.low >= 0 && plan_.input.high <= 127);
    if (small) {
      count_weights_.emplace(plan_, planes_);
      row_bytes_ = count_weights_->rows();
    } else {
      short_weights_.emplace(plan_, planes_);
      row_bytes_ = short_weights_->rows() * 2;
      in_place_ = plan_.input.type == SignalType::int16 && plan_.groups == 1 && plan_.is_pixelwise() &&
                  plan_.rows() == short_weights_->rows();
    }
    event_offsets_ = offsets_of(0);
    dense_offsets_ = offsets_of(zero_);
    const std::int64_t position_bytes = lister_.possible() ? lister_.most_events() * 2 : row_bytes_;
    positions_ = std::clamp<std::int64_t>(list_bytes / position_bytes, max_lanes_per_slot, most_positions);
    leaves_cache_ = plan_.rows() * planes_.per_group() * planes_.width() > shared_bytes;
    plan_.weights = event_plan_.weights = {};
  }

  double dense_from() const override { return lister_.possible() ? dense_density() : 2.0; }
  // A tile starts at a multiple of 64 channels, as words of spikes do.
  const TileSource* tile_source() const override {
    const bool aligned = plan_.groups == 1 || plan_.outputs_per_group() % 64 == 0;
    return aligned ? this : nullptr;
  }

  std::size_t scratch_bytes() const override {
    const std::size_t dense = ScratchMemory::size<std::uint8_t>(tile_pixels * row_bytes_ + 64);
    const std::size_t events = lister_.possible() ? lister_.scratch_bytes(positions_) : 0;
    return std::max(dense, events) + ScratchMemory::size<std::int32_t>(positions_ * planes_.width());
  }

  void step(const StepArgs& args) const override {
    step_tiles(args, StoringSink(args.output, plan_.output.channels));
  }

  void step_tiles(const StepArgs& args, const TileSink& sink) const override {
    const bool events = lister_.possible() && args.path == SynapsePath::event;
    const Cut cut = cut_up(args);
    args.pool.for_ranges(cut.tasks * cut.plane_parts, 1, [&](std::int64_t index, std::int64_t, int worker) {
      const std::int64_t part = index % cut.plane_parts;
      const std::int64_t per_part = (planes_.per_group() + cut.plane_parts - 1) / cut.plane_parts;
      Task task{args,
                sink,
                cut,
                index / cut.plane_parts * cut.strips_per_task,
                part * per_part,
                std::min(planes_.per_group(), (part + 1) * per_part)};
      for (std::int64_t group = 0; group < plan_.groups; ++group) {
        if (events) {
          add_events(task, group, args.scratch(worker));
        } else {
          multiply(task, group, args.scratch(worker));
        }
      }
    });
  }

 private:
  struct Task {
    const StepArgs& args;
    const TileSink& sink;
    const Cut& cut;
    std::int64_t first_strip;
    std::int64_t first_plane, last_plane;  // within a group
  };

  // What sums begin with where `zero` stands for 0: [plane][width].
  std::vector<std::int32_t> offsets_of(std::int32_t zero) const {
    std::vector<std::int32_t> offsets;
    for (std::int64_t plane = 0; plane < planes_.count(); ++plane) {
      for (std::int64_t c = 0; c < planes_.width(); ++c) {
        offsets.push_back(0);
        if (c >= planes_.channels(plane)) continue;
        const std::int64_t channel = planes_.first_channel(plane) + c;
        std::int32_t sum = 0;
        for (std::int64_t row = 0; zero != 0 && row < plan_.rows(); ++row) sum += plan_.weight(channel, row);
        offsets.back() = plan_.offset(channel) - zero * sum;
      }
    }
    return offsets;
  }

  Cut cut_up(const StepArgs& args) const {
    const std::int64_t pixels = plan_.output.pixels();
    const auto slots = static_cast<std::int64_t>(args.slots.size());
    std::int64_t lanes = 1;  // of the slot that has most
    for (const SlotLanes& slot : args.slots) lanes = std::max<std::int64_t>(lanes, slot.count);
    const std::int64_t total = pixels * static_cast<std::int64_t>(args.lanes.size());
    const std::int64_t threads = args.pool.threads();
    // Of heavy weights, as many positions as possible share each reading, and the workers divide the planes.
    // Others: small tasks that spread evenly.
    const std::int64_t share = leaves_cache_ ? total : total / (4 * threads) + 1;
    const std::int64_t wanted = std::min(positions_, std::max(share, 4 * tile_pixels));
    Cut cut{};
    cut.strip_pixels = std::clamp<std::int64_t>(wanted / lanes, 1, pixels);
    if (cut.strip_pixels > plan_.output.width && cut.strip_pixels < pixels)
      cut.strip_pixels -= cut.strip_pixels % plan_.output.width;  // whole rows list fewer pixels twice
    cut.strips_per_slot = (pixels + cut.strip_pixels - 1) / cut.strip_pixels;
    cut.strips_per_task = std::max<std::int64_t>(1, wanted / (cut.strip_pixels * lanes));
    const std::int64_t strips = slots * cut.strips_per_slot;
    cut.tasks = (strips + cut.strips_per_task - 1) / cut.strips_per_task;
    cut.plane_parts = leaves_cache_ ? std::clamp<std::int64_t>((threads + cut.tasks - 1) / cut.tasks, 1,
                                                               planes_.per_group())
                                    : 1;
    return cut;
  }

  template <class Visit>
  void for_strips(const Task& task, const Visit& visit) const {
    const auto slots = static_cast<std::int64_t>(task.args.slots.size());
    const std::int64_t end =
        std::min(task.first_strip + task.cut.strips_per_task, slots * task.cut.strips_per_slot);
    for (std::int64_t i = task.first_strip; i < end; ++i) {
      const SlotLanes& slot = task.args.slots[i / task.cut.strips_per_slot];
      const std::int64_t begin = i % task.cut.strips_per_slot * task.cut.strip_pixels;
      visit(Strip{task.args.lanes.subspan(slot.first, slot.count), begin,
                  std::min(begin + task.cut.strip_pixels, plan_.output.pixels())});
    }
  }

  // Calls visit(lane, first pixel, pixels, position) for the tiles of a strip: all lanes of some pixels, then
  // the next pixels. `position` is that of the first pixel, counted from the strip's first.
  template <class Visit>
  void for_tiles(const Strip& strip, const Visit& visit) const {
    for (std::int64_t pixel = strip.begin; pixel < strip.end; pixel += tile_pixels) {
      const std::int64_t pixels = std::min(tile_pixels, strip.end - pixel);
      for (std::size_t i = 0; i < strip.lanes.size(); ++i)
        visit(strip.lanes[i], pixel, pixels,
              static_cast<std::int64_t>(i) * strip.pixels() + pixel - strip.begin);
    }
  }

  Tile tile_of(std::int64_t plane, int lane, std::int64_t pixel, std::int64_t pixels,
               std::int32_t* currents) const {
    return {lane,    pixel, pixels, planes_.first_channel(plane), planes_.channels(plane), planes_.width(),
            currents};
  }

  void send(const Task& task, const Tile& tile) const {
    if (plan_.shift.bits > 0) {
      for (std::int64_t i = 0; i < tile.pixels * tile.width; ++i) tile.currents[i] >>= plan_.shift.bits;
    }
    task.sink.take(tile);
  }

  void add_events(const Task& task, std::int64_t group, ScratchMemory scratch) const {
    const std::int64_t width = planes_.width();
    auto* currents = scratch.take<std::int32_t>(positions_ * width);
    EventLister::Lists lists = lister_.take(scratch, positions_);
    for_strips(task, [&](const Strip& strip) {
      for (const int lane : strip.lanes)
        lister_.append(task.args.inputs[0], {lane, group, strip.begin, strip.end}, scratch, lists);
    });
    const std::int64_t first_plane = group * planes_.per_group();
    for (std::int64_t plane = first_plane + task.first_plane; plane < first_plane + task.last_plane;
         ++plane) {
      const bool last_plane = plane + 1 == first_plane + task.last_plane;
      const std::int64_t last = lister_.blocks() - 1;
      for (std::int64_t block = 0; block < last; ++block) {
        for (std::int64_t p = 0; p < lists.positions; p += tile_pixels)
          sum(lists, plane, block, {p, std::min(p + tile_pixels, lists.positions)}, true,
              currents + p * width);
      }
      std::int64_t first = 0;
      for_strips(task, [&](const Strip& strip) {
        for_tiles(strip, [&](int lane, std::int64_t pixel, std::int64_t pixels, std::int64_t position) {
          // With one block, currents do not wait for others and all tiles use the same memory.
          std::int32_t* tile = currents + (last > 0 ? (first + position) * width : 0);
          task.sink.expect(tile_of(plane, lane, pixel, pixels, tile));
          sum(lists, plane, last, {first + position, first + position + pixels}, !last_plane, tile);
          send(task, tile_of(plane, lane, pixel, pixels, tile));
        });
        first += strip.positions();
      });
    }
  }

  struct Positions {
    std::int64_t begin, end;
  };

  // Adds one block of a plane's rows to the currents of some positions. The block behind it in memory is the
  // next that a task reads: while it sums, it fetches as much of that block as these are of its positions.
  void sum(const EventLister::Lists& lists, std::int64_t plane, std::int64_t block, Positions positions,
           bool more_blocks, std::int32_t* currents) const {
    const std::int64_t width = planes_.width();
    if (leaves_cache_ && more_blocks) {
      const EventPlane next = block + 1 < lister_.blocks() ? event_weights_.block(plane, block + 1)
                                                           : event_weights_.block(plane + 1, 0);
      const std::int64_t rows = lister_.first_row((block + 1) % lister_.blocks() + 1) -
                                lister_.first_row((block + 1) % lister_.blocks());
      const std::int64_t begin = rows * positions.begin / lists.positions;
      const std::int64_t end = rows * positions.end / lists.positions;
      prefetch(next.rows + begin * width, (end - begin) * width);
    }
    const std::int32_t* start = block == 0 ? event_offsets_.data() + plane * width : nullptr;
    sum_events(event_weights_.block(plane, block),
               {lists.events[block], lists.first[block] + positions.begin}, positions.end - positions.begin,
               start, currents);
  }

  void multiply(const Task& task, std::int64_t group, ScratchMemory scratch) const {
    const std::int64_t width = planes_.width();
    auto* currents = scratch.take<std::int32_t>(positions_ * width);
    auto* inputs = scratch.take<std::uint8_t>(tile_pixels * row_bytes_ + 64);
    for_strips(task, [&](const Strip& strip) {
      for_tiles(strip, [&](int lane, std::int64_t pixel, std::int64_t pixels, std::int64_t) {
        const SignalView& input = task.args.inputs[0];
        const std::int16_t* shorts = reinterpret_cast<std::int16_t*>(inputs);
        if (in_place_) {
          shorts = input.int16(lane) + pixel * plan_.input.shape.channels;
        } else {
          gather(input, lane, group, pixel, pixels, inputs);
        }
        for (std::int64_t p = task.first_plane; p < task.last_plane; ++p) {
          const std::int64_t plane = group * planes_.per_group() + p;
          const std::int32_t* start = dense_offsets_.data() + plane * width;
          if (count_weights_) {
            multiply_counts(count_weights_->plane(plane), width, inputs, row_bytes_, pixels, start, currents);
          } else {
            multiply_shorts(short_weights_->plane(plane), width, shorts, row_bytes_ / 2, pixels, start,
                            currents);
          }
          send(task, tile_of(plane, lane, pixel, pixels, currents));
        }
      });
    });
  }

  // The inputs under the windows of some output pixels as the dense kernels read them.
  void gather(const SignalView& input, int lane, std::int64_t group, std::int64_t first, std::int64_t pixels,
              std::uint8_t* out) const {
    const std::int64_t channels = plan_.inputs_per_group();
    std::fill_n(out, pixels * row_bytes_, static_cast<std::uint8_t>(zero_));
    for (std::int64_t pixel = first; pixel < first + pixels; ++pixel, out += row_bytes_) {
      plan_.for_tap_runs(pixel / plan_.output.width, pixel % plan_.output.width,
                         [&](std::int64_t from, std::int64_t row, std::int64_t count) {
                           if (plan_.groups == 1) return copy_run(input, lane, from, count, row, out);
                           for (std::int64_t i = 0; i < count; ++i, ++from, row += channels) {
                             if (count_weights_)
                               copy_inputs(input, lane, from, group * channels, out + row);
                             else
                               copy_inputs(input, lane, from, group * channels,
                                           reinterpret_cast<std::int16_t*>(out) + row);
                           }
                         });
    }
  }

  // All channels of pixels that lie side by side, to row `row` and those behind it.
  void copy_run(const SignalView& input, int lane, std::int64_t pixel, std::int64_t count, std::int64_t row,
                std::uint8_t* out) const {
    const std::int64_t channels = plan_.input.shape.channels;
    auto* shorts = reinterpret_cast<std::int16_t*>(out) + row;
    if (plan_.input.type == SignalType::int16) {
      const std::int16_t* values = input.int16(lane) + pixel * channels;
      if (count_weights_)
        return shorts_as_bytes(values, count * channels, static_cast<std::int16_t>(zero_), out + row);
      std::copy_n(values, count * channels, shorts);
      return;
    }
    for (std::int64_t i = 0; i < count; ++i, ++pixel, row += channels, shorts += channels) {
      if (plan_.input.type == SignalType::spikes) {
        // What is spread beyond the last channel is 0, and overwritten by the next tap or pixel.
        const std::int64_t words = plan_.input.words_per_pixel();
        spread_spikes(input.spikes(lane) + pixel * words, words, out + row);
      } else if (count_weights_) {
        copy_inputs(input, lane, pixel, 0, out + row);
      } else {
        copy_inputs(input, lane, pixel, 0, shorts);
      }
    }
  }

  // One pixel's inputs of a group.
  template <class T>
  void copy_inputs(const SignalView& input, int lane, std::int64_t pixel, std::int64_t first, T* out) const {
    const std::int64_t channels = plan_.inputs_per_group();
    const std::int64_t index = pixel * plan_.input.shape.channels + first;
    switch (plan_.input.type) {
      case SignalType::int16:
        for (std::int64_t c = 0; c < channels; ++c)
          out[c] = static_cast<T>(input.int16(lane)[index + c] + zero_);
        return;
      case SignalType::int32:
        for (std::int64_t c = 0; c < channels; ++c) out[c] = static_cast<T>(input.int32(lane)[index + c]);
        return;
      default: {
        const std::uint64_t* words = input.spikes(lane) + pixel * plan_.input.words_per_pixel();
        for (std::int64_t c = first; c < first + channels; ++c)
          *out++ = static_cast<T>(words[c / 64] >> (c % 64) & 1U);
      }
    }
  }

  FixedConv2dPlan plan_;
  OutputPlanes planes_;
  FixedConv2dPlan event_plan_;  // as spikes of either sign are listed
  EventLister lister_;
  EventWeights event_weights_;
  std::optional<DenseWeights<std::int8_t>> count_weights_;   // of inputs that are bytes
  std::optional<DenseWeights<std::int16_t>> short_weights_;  // of others
  std::int64_t row_bytes_;                                   // dense inputs of one position
  std::int32_t zero_ = 0;                                    // a byte that stands for 0
  bool in_place_ = false;                                    // inputs are read where they lie
  bool leaves_cache_;                                        // a group's weights leave the second-level cache
  std::int64_t positions_;  // that a task holds at most; all lanes of a pixel at least
  std::vector<std::int32_t> event_offsets_, dense_offsets_;  // [plane][width]
};

}  // namespace

std::unique_ptr<HostKernel> make_fixed_conv2d_cpu(const NodeContext& context, const NodePlan& plan) {
  if (has_small_groups(Conv2dGeometry(context))) return make_fixed_depthwise_conv2d_cpu(context, plan);
  return std::make_unique<FixedConv2dCpu>(context);
}

}  // namespace rheobase
