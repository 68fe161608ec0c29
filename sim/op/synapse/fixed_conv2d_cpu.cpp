// Conv2d and Linear on the cpu in fixed arithmetic. Spikes and small counts have two paths: event-driven
// (list the active weight rows of each output position once, then add them for one plane of output channels
// after the other) and dense (convert the rows of the image under a strip of positions once, then multiply
// them where they lie). Wider inputs, such as the image, are always dense. Currents leave in tiles: to a
// neuron that takes them at once, or to memory.
#include <algorithm>
#include <array>
#include <new>
#include <optional>

#include "sim/op/fixed.h"
#include "sim/op/host/current_loops.h"
#include "sim/op/host/prefetch.h"
#include "sim/op/host/tile.h"
#include "sim/op/structural/structural_kernels.h"
#include "sim/op/synapse/depthwise_layout.h"
#include "sim/op/synapse/event_lister.h"
#include "sim/op/synapse/fixed_weights.h"
#include "sim/op/synapse/input_bands.h"
#include "sim/op/synapse/path_crossover.h"
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
// Products, at most, with which it is tried which path is the faster one; a tile at least.
constexpr std::int64_t tried_products = 4 << 20;
// What graded spikes have added, so that they are bytes of [0, 128].
constexpr std::int32_t zero_point = 64;

// Output pixels [begin, end) of all lanes of a slot; its positions are numbered lane by lane.
struct Strip {
  std::span<const int> lanes;
  std::int64_t begin, end;
  std::int64_t pixels() const { return end - begin; }
  std::int64_t positions() const { return pixels() * static_cast<std::int64_t>(lanes.size()); }
};

// The dense path over inputs of one type.
template <class Weight, class Input>
struct DensePath {
  DensePath(const FixedConv2dPlan& plan, const OutputPlanes& planes, Input zero)
      : bands(plan, zero), weights(plan, planes, bands.piece_inputs(), bands.pieces().length) {}

  InputBands<Input> bands;
  DenseWeights<Weight> weights;
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
    const std::int32_t zero = graded ? zero_point : 0;
    if (lister_.possible() || graded || (plan_.input.low >= 0 && plan_.input.high <= 127))
      bytes_.emplace(plan_, planes_, static_cast<std::uint8_t>(zero));
    else
      shorts_.emplace(plan_, planes_, std::int16_t{0});
    in_place_ = shorts_ && plan_.input.type == SignalType::int16 && plan_.groups == 1 &&
                plan_.is_pixelwise() && plan_.rows() == shorts_->weights.rows();
    event_offsets_ = offsets_of(0);
    dense_offsets_ = offsets_of(zero);
    const std::int64_t position_bytes = lister_.possible() ? lister_.most_events() * 2 : plan_.rows() * 2;
    positions_ = std::clamp<std::int64_t>(list_bytes / position_bytes, max_lanes_per_slot, most_positions);
    leaves_cache_ = plan_.rows() * planes_.per_group() * planes_.width() > shared_bytes;
    plan_.weights = event_plan_.weights = {};
  }

  double dense_from() const override {
    if (!lister_.possible()) return 2.0;
    const auto memory = hwy::AllocateAligned<std::byte>(scratch_bytes());
    if (!memory) throw std::bad_alloc();
    return path_crossover(plan_, [&](SynapsePath path, const SignalView& input) {
      try_path(path, input, {memory.get(), scratch_bytes()});
    });
  }
  // A tile starts at a multiple of 64 channels, as words of spikes do.
  const TileSource* tile_source() const override {
    const bool aligned = plan_.groups == 1 || plan_.outputs_per_group() % 64 == 0;
    return aligned ? this : nullptr;
  }

  std::size_t scratch_bytes() const override {
    const std::size_t dense = bytes_ ? band_bytes(bytes_->bands) : band_bytes(shorts_->bands);
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
      for (std::int64_t group = 0; group < plan_.groups; ++group)
        run(task, group, events, args.scratch(worker));
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

  void run(const Task& task, std::int64_t group, bool events, ScratchMemory scratch) const {
    if (events) return add_events(task, group, scratch);
    if (bytes_) return multiply(task, group, *bytes_, scratch);
    multiply(task, group, *shorts_, scratch);
  }

  // Sums some positions in the middle of lane 0, for nobody.
  void try_path(SynapsePath path, const SignalView& input, std::span<std::byte> memory) const {
    struct Nobody : TileSink {
      void take(const Tile& /*tile*/) const override {}
    };
    const std::array<int, 1> lanes{0};
    const std::array<SlotLanes, 1> slots{{{0, 1}}};
    TaskPool pool(1);
    const StepArgs args{lanes, slots, {&input, 1}, {}, {}, pool, memory, path};
    const std::int64_t pixels = plan_.output.pixels();
    const std::int64_t some =
        std::clamp(tried_products / (plan_.rows() * planes_.width() * planes_.per_group()), tile_pixels,
                   std::max(tile_pixels, positions_));
    const std::int64_t strip = std::min(some, pixels), strips = (pixels + strip - 1) / strip;
    const Cut cut{strip, strips, 1, strips, 1};
    run({args, Nobody(), cut, strips / 2, 0, planes_.per_group()}, 0, path == SynapsePath::event,
        args.scratch(0));
  }

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

  // Calls visit(index of the lane, first pixel, pixels) for the tiles of a strip: all lanes of some pixels,
  // then the next pixels.
  template <class Visit>
  void for_tiles(const Strip& strip, const Visit& visit) const {
    for (std::int64_t pixel = strip.begin; pixel < strip.end; pixel += tile_pixels) {
      const std::int64_t pixels = std::min(tile_pixels, strip.end - pixel);
      for (std::size_t i = 0; i < strip.lanes.size(); ++i) visit(i, pixel, pixels);
    }
  }

  Tile tile_of(std::int64_t plane, int lane, std::int64_t pixel, std::int64_t pixels,
               std::int32_t* currents) const {
    return {lane,    pixel, pixels, planes_.first_channel(plane), planes_.channels(plane), planes_.width(),
            currents};
  }

  void send(const Task& task, const Tile& tile) const {
    if (plan_.shift.bits > 0) shift_right(tile.currents, tile.pixels * tile.width, plan_.shift.bits);
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
        for_tiles(strip, [&](std::size_t i, std::int64_t pixel, std::int64_t pixels) {
          const int lane = strip.lanes[i];
          const std::int64_t position =
              first + static_cast<std::int64_t>(i) * strip.pixels() + pixel - strip.begin;
          // With one block, currents do not wait for others and all tiles use the same memory.
          std::int32_t* tile = currents + (last > 0 ? position * width : 0);
          task.sink.expect(tile_of(plane, lane, pixel, pixels, tile));
          sum(lists, plane, last, {position, position + pixels}, !last_plane, tile);
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

  // Memory for the bands of all lanes of a strip, however many lanes share the positions.
  template <class Input>
  std::size_t band_bytes(const InputBands<Input>& bands) const {
    std::size_t most = 0;
    for (std::int64_t lanes = 1; lanes <= max_lanes_per_slot; ++lanes) {
      const std::int64_t pixels =
          std::min(plan_.output.pixels(), std::max<std::int64_t>(1, positions_ / lanes));
      most = std::max(most, ScratchMemory::size<Input>(lanes * bands.size(pixels)));
    }
    return in_place_ ? 0 : most;
  }

  template <class Weight, class Input>
  void multiply(const Task& task, std::int64_t group, const DensePath<Weight, Input>& path,
                ScratchMemory scratch) const {
    const std::int64_t width = planes_.width();
    const SignalView& input = task.args.inputs[0];
    auto* currents = scratch.take<std::int32_t>(tile_pixels * width);
    const std::int64_t band = path.bands.size(task.cut.strip_pixels);
    for_strips(task, [&](const Strip& strip) {
      const auto lanes = static_cast<std::int64_t>(strip.lanes.size());
      ScratchMemory own = scratch;
      auto* const bands = in_place_ ? nullptr : own.take<Input>(lanes * band);
      for (std::int64_t i = 0; i < lanes && !in_place_; ++i)
        path.bands.fill(input, {strip.lanes[i], group, strip.begin, strip.end}, bands + i * band);
      for_tiles(strip, [&](std::size_t i, std::int64_t pixel, std::int64_t pixels) {
        const int lane = strip.lanes[i];
        std::array<const Input*, tile_pixels> places;
        if (in_place_) {
          for (std::int64_t p = 0; p < pixels; ++p)
            places[p] =
                reinterpret_cast<const Input*>(input.int16(lane)) + (pixel + p) * plan_.input.shape.channels;
        } else {
          path.bands.find_places(bands + i * band, strip.begin, pixel, pixels, places.data());
        }
        for (std::int64_t p = task.first_plane; p < task.last_plane; ++p) {
          const std::int64_t plane = group * planes_.per_group() + p;
          multiply_dense(path.weights.plane(plane), width, places.data(), path.bands.pieces(), pixels,
                         dense_offsets_.data() + plane * width, currents);
          send(task, tile_of(plane, lane, pixel, pixels, currents));
        }
      });
    });
  }

  FixedConv2dPlan plan_;
  OutputPlanes planes_;
  FixedConv2dPlan event_plan_;  // as spikes of either sign are listed
  EventLister lister_;
  EventWeights event_weights_;
  std::optional<DensePath<std::int8_t, std::uint8_t>> bytes_;    // of inputs that are bytes
  std::optional<DensePath<std::int16_t, std::int16_t>> shorts_;  // of others
  bool in_place_ = false;                                        // inputs are read where they lie
  bool leaves_cache_;       // a group's weights leave the second-level cache
  std::int64_t positions_;  // that a task holds at most; all lanes of a pixel at least
  std::vector<std::int32_t> event_offsets_, dense_offsets_;  // [plane][width]
};

}  // namespace

std::unique_ptr<HostKernel> make_fixed_conv2d_cpu(const NodeContext& context, const NodePlan& plan) {
  if (has_small_groups(Conv2dGeometry(context))) return make_fixed_depthwise_conv2d_cpu(context, plan);
  return std::make_unique<FixedConv2dCpu>(context);
}

}  // namespace rheobase
