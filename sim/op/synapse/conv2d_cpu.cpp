// Conv2d and Linear on the cpu in float32. The event-driven path: the active taps of an output pixel are
// listed once and their weight rows added for one plane of output channels after the other. The dense path,
// the only one for real inputs that are not sparse: the taps of several pixels are gathered into vectors, or
// read where they lie under a 1x1 kernel, and multiplied by one plane of output channels after the other.
// Both keep the sums in the order that conv2d_plan.h fixes; a spike or number that is absent adds 0 * w on
// the dense path, which changes no sum, as none is ever -0.
#include <algorithm>
#include <cstring>

#include "sim/op/host/tile.h"
#include "sim/op/structural/structural_kernels.h"
#include "sim/op/synapse/conv2d_plan.h"
#include "sim/op/synapse/depthwise_layout.h"
#include "sim/op/synapse/patches.h"
#include "sim/op/synapse/real_events.h"
#include "sim/op/synapse/row_kernels.h"
#include "sim/op/synapse/row_planes.h"
#include "sim/op/synapse/strips.h"

namespace rheobase {
namespace {

// Pixels of one task; event lists and outputs of a task stay in the cache too.
constexpr std::int64_t task_pixels = 256;
// Floats of gathered taps that the dense path holds at once.
constexpr std::int64_t patch_floats = 96 << 10;
// The dense path takes so many positions together; a task of it has a multiple of them.
constexpr std::int64_t block_positions = 12;
// From so many pixels on a lane fills its own blocks, and its pixels need not be gathered with others.
constexpr std::int64_t pixels_in_place = 4 * block_positions;
// Positions whose events are listed at once, and what their lists take at most: bands of the image that
// neighbours share are then looked through once.
constexpr std::int64_t event_positions = 512;
constexpr std::int64_t event_bytes = 4 << 20;
// Density of sparse numbers from which the dense path is the faster one (docs/reference/performance.md): to
// list an event costs about as much as to add it to 80 channels, and products cost half of what additions do.
double dense_valued_density(std::int64_t channels) {
  return 0.5 * static_cast<double>(channels) / static_cast<double>(channels + 80);
}

// The working memory of one task.
struct Work {
  std::uint32_t* pixel_events;  // channels that spiked, of every input pixel of a piece
  std::int64_t* pixel_first;
  std::uint32_t* events;  // rows to add, of every output pixel of a piece
  std::int64_t* first;
  std::int64_t listed;  // output pixels whose events are listed
  float* patches;
  float** targets;
};

// Copies [begin, end) to `out`, each plus `shift`; returns the end of the copy. Reads and writes whole blocks
// of `slack` entries: few spikes share a tap, and one block costs less than a loop of the right length.
constexpr std::int64_t slack = 8;
std::uint32_t* append_shifted(const std::uint32_t* begin, const std::uint32_t* end, std::uint32_t shift,
                              std::uint32_t* __restrict out) {
  const std::int64_t count = end - begin;
  for (std::int64_t block = 0; block < count; block += slack) {
    for (std::int64_t i = 0; i < slack; ++i) out[block + i] = begin[block + i] + shift;
  }
  return out + count;
}

class Conv2dCpu : public HostKernel, public TileSource {
 public:
  explicit Conv2dCpu(const NodeContext& context)
      : plan_(context),
        planes_(plan_),
        in_place_(plan_.input.type == SignalType::real32 && plan_.groups == 1 && plan_.is_pixelwise() &&
                  plan_.output.pixels() >= pixels_in_place),
        patches_(plan_),
        real_events_(plan_) {
    plan_.weights = {};
  }

  double dense_from() const override {
    if (real_events_.possible()) return dense_valued_density(plan_.output.channels);
    return plan_.input.type == SignalType::spikes ? dense_row_density() : 2.0;
  }

  std::size_t scratch_bytes() const override {
    std::size_t bytes = ScratchMemory::size<float*>(task_pixels) + ScratchMemory::size<float>(patch_size());
    if (tile_source() != nullptr) bytes += ScratchMemory::size<float>(task_pixels * planes_.width());
    if (real_events_.possible())
      bytes += real_events_.scratch_bytes(listed_at_once()) +
               ScratchMemory::size<float>(listed_at_once() * planes_.width());
    if (plan_.input.type != SignalType::spikes) return bytes;
    const ImageShape& image = plan_.input.shape;
    bytes += ScratchMemory::size<std::uint32_t>(image.size() + slack);
    bytes += ScratchMemory::size<std::int64_t>(image.pixels() + 1) +
             ScratchMemory::size<std::int64_t>(task_pixels + 1);
    return bytes + ScratchMemory::size<std::uint32_t>(task_pixels * plan_.rows() + slack);
  }

  // Spikes are listed for many pixels of one lane; a neuron behind them takes what is stored.
  const TileSource* tile_source() const override {
    return plan_.input.type == SignalType::real32 ? this : nullptr;
  }
  bool sends_reals() const override { return true; }

  void step_tiles(const StepArgs& args, const TileSink& sink) const override {
    const bool events = real_events_.possible() && takes_events(args);
    const Strips strips(args, plan_.output.pixels(),
                        events ? listed_at_once() : std::min(task_pixels, pixels_at_once()));
    args.pool.for_ranges(strips.count(), strips.per_task(),
                         [&](std::int64_t begin, std::int64_t end, int worker) {
                           for (std::int64_t group = 0; group < plan_.groups; ++group)
                             send({args, sink, strips, begin, end}, group, args.scratch(worker));
                         });
  }

  void step(const StepArgs& args) const override {
    const bool events = plan_.input.type == SignalType::spikes && takes_events(args);
    const std::int64_t total = plan_.output.pixels() * static_cast<std::int64_t>(args.lanes.size());
    const std::int64_t share = total / (4 * args.pool.threads()) + 1;
    const std::int64_t blocks = std::min(task_pixels, share + block_positions - 1) / block_positions;
    args.pool.for_ranges(total, events ? std::min(task_pixels, share) : blocks * block_positions,
                         [&](std::int64_t begin, std::int64_t end, int worker) {
                           Work work = take_work(args.scratch(worker));
                           list_targets(args, begin, end, work);
                           for (std::int64_t group = 0; group < plan_.groups; ++group) {
                             if (events) {
                               add_events(args, begin, end, group, work);
                             } else if (real_events_.possible() && takes_events(args)) {
                               add_real_events(args, begin, end, work, args.scratch(worker));
                             } else {
                               multiply(args, begin, end, group, work);
                             }
                           }
                         });
  }

 private:
  std::int64_t pixels_at_once() const {
    return std::max<std::int64_t>(1, patch_floats / plan_.rows() / block_positions) * block_positions;
  }
  // Positions whose inputs are gathered, or listed, at once.
  std::int64_t most_at_once() const {
    const std::int64_t least = tile_source() != nullptr ? max_lanes_per_slot : 1;
    return std::clamp(pixels_at_once(), least, task_pixels);
  }
  std::int64_t listed_at_once() const {
    const std::int64_t fitting = event_bytes / (plan_.rows() * static_cast<std::int64_t>(sizeof(RowEvent)));
    return std::clamp<std::int64_t>(fitting, max_lanes_per_slot, event_positions);
  }
  std::int64_t patch_size() const { return most_at_once() * plan_.rows() + 64; }
  bool takes_events(const StepArgs& args) const { return args.path == SynapsePath::event; }

  Work take_work(ScratchMemory scratch) const {
    Work work{};
    work.targets = scratch.take<float*>(task_pixels);
    work.patches = scratch.take<float>(patch_size());
    if (plan_.input.type != SignalType::spikes) return work;
    work.pixel_events = scratch.take<std::uint32_t>(plan_.input.shape.size() + slack);
    work.pixel_first = scratch.take<std::int64_t>(plan_.input.shape.pixels() + 1);
    work.first = scratch.take<std::int64_t>(task_pixels + 1);
    work.events = scratch.take<std::uint32_t>(task_pixels * plan_.rows() + slack);
    return work;
  }

  // Calls run(plane, outputs) for every plane of a group.
  template <class Run>
  void for_planes(std::int64_t group, float* const* targets, const Run& run) const {
    for (std::int64_t p = group * planes_.per_group(); p < (group + 1) * planes_.per_group(); ++p) {
      run(planes_[p], RowOutputs{targets, planes_.first_channel(p), planes_.channels(p)});
    }
  }

  // Pixels are numbered through all active slots: [begin, end) may span several of them.
  template <class Visit>
  void for_pieces(const StepArgs& args, std::int64_t begin, std::int64_t end, const Visit& visit) const {
    const std::int64_t pixels = plan_.output.pixels();
    while (begin < end) {
      const std::int64_t first = begin / pixels * pixels;
      const std::int64_t stop = std::min(end, first + pixels);
      visit(Piece{args.lanes[begin / pixels], begin - first, stop - first});
      begin = stop;
    }
  }

  void list_targets(const StepArgs& args, std::int64_t begin, std::int64_t end, Work& work) const {
    float** target = work.targets;
    for_pieces(args, begin, end, [&](const Piece& piece) {
      for (std::int64_t pixel = piece.begin; pixel < piece.end; ++pixel) {
        *target++ = args.output.real(piece.lane) + pixel * plan_.output.channels;
      }
    });
  }

  void add_events(const StepArgs& args, std::int64_t begin, std::int64_t end, std::int64_t group,
                  Work& work) const {
    work.listed = 0;
    work.first[0] = 0;
    for_pieces(args, begin, end, [&](const Piece& piece) {
      list_pixel_events(args.inputs[0].spikes(piece.lane), group, piece, work);
      list_events(piece, work);
    });
    for_planes(group, work.targets, [&](const RowPlane& plane, const RowOutputs& out) {
      sum_event_rows(plane, work.events, work.first, end - begin, out);
    });
  }

  // The image rows under the windows of a piece's output rows, as [first, last).
  std::pair<std::int64_t, std::int64_t> input_rows(const Piece& piece) const {
    const Window& w = plan_.window;
    const std::int64_t top = piece.begin / plan_.output.width * w.stride[0] - w.padding[0];
    const std::int64_t bottom = (piece.end - 1) / plan_.output.width * w.stride[0] - w.padding[0] +
                                (w.kernel[0] - 1) * w.dilation[0] + 1;
    const std::int64_t height = plan_.input.shape.height;
    return {std::clamp<std::int64_t>(top, 0, height), std::clamp<std::int64_t>(bottom, 0, height)};
  }

  // The channels of `group` that spiked in each input pixel, counted from the group's first.
  void list_pixel_events(const std::uint64_t* spikes, std::int64_t group, const Piece& piece,
                         Work& work) const {
    const auto [first_row, last_row] = input_rows(piece);
    const std::int64_t columns = plan_.input.shape.width;
    const std::int64_t words = plan_.input.words_per_pixel();
    const auto low = static_cast<std::uint32_t>(group * plan_.inputs_per_group());
    const auto high = static_cast<std::uint32_t>(low + plan_.inputs_per_group());
    std::int64_t used = 0;
    for (std::int64_t pixel = first_row * columns; pixel < last_row * columns; ++pixel) {
      work.pixel_first[pixel] = used;
      std::uint32_t* out = work.pixel_events + used;
      std::int64_t count = decode_spikes(spikes + pixel * words, words, 0, out);
      if (plan_.groups > 1) {
        const auto* end =
            std::remove_if(out, out + count, [&](std::uint32_t c) { return c < low || c >= high; });
        count = end - out;
        for (std::int64_t i = 0; i < count; ++i) out[i] -= low;
      }
      used += count;
    }
    work.pixel_first[last_row * columns] = used;
  }

  // Appends the weight rows to add for each output pixel of a piece, in row order.
  void list_events(const Piece& piece, Work& work) const {
    const std::uint32_t* pixel_events = work.pixel_events;
    const std::int64_t* pixel_first = work.pixel_first;
    std::uint32_t* out = work.events + work.first[work.listed];
    for (std::int64_t pixel = piece.begin; pixel < piece.end; ++pixel) {
      plan_.for_taps(
          pixel / plan_.output.width, pixel % plan_.output.width, [&](std::int64_t from, std::int64_t row) {
            out = append_shifted(pixel_events + pixel_first[from], pixel_events + pixel_first[from + 1],
                                 static_cast<std::uint32_t>(row), out);
          });
      work.first[++work.listed] = out - work.events;
    }
  }

  // `scratch` is all of the task's memory.
  void add_real_events(const StepArgs& args, std::int64_t begin, std::int64_t end, const Work& work,
                       ScratchMemory scratch) const {
    scratch.take<float*>(task_pixels);  // the targets, which are listed already
    auto* sums = scratch.take<float>(listed_at_once() * planes_.width());
    for (std::int64_t first = begin; first < end; first += listed_at_once()) {
      const std::int64_t count = std::min(end - first, listed_at_once());
      ScratchMemory own = scratch;
      RealEvents::List list = real_events_.take(own, count);
      for_pieces(args, first, first + count, [&](const Piece& piece) {
        real_events_.append(args.inputs[0].real(piece.lane), piece, own, list);
      });
      for_planes(0, work.targets + (first - begin), [&](const RowPlane& plane, const RowOutputs& out) {
        add_rows(plane, list.all(), count, sums);
        for (std::int64_t p = 0; p < count; ++p)
          std::copy_n(sums + p * plane.width, out.valid, out.pixels[p] + out.column);
      });
    }
  }

  void multiply(const StepArgs& args, std::int64_t begin, std::int64_t end, std::int64_t group,
                Work& work) const {
    const std::int64_t rows = plan_.rows();
    const std::int64_t at_once = std::min(pixels_at_once(), task_pixels);
    for (std::int64_t first = begin; first < end; first += at_once) {
      const std::int64_t count = std::min(end - first, at_once);
      if (in_place_) {
        multiply_in_place(args, first, first + count, work.targets + (first - begin));
        continue;
      }
      std::fill_n(work.patches, count * rows, 0.0F);
      float* patch = work.patches;
      for_pieces(args, first, first + count,
                 [&](const Piece& piece) { patch = patches_.gather(args.inputs[0], group, piece, patch); });
      for_planes(group, work.targets + (first - begin), [&](const RowPlane& plane, const RowOutputs& out) {
        multiply_rows(plane, work.patches, rows, count, out);
      });
    }
  }

  void multiply_in_place(const StepArgs& args, std::int64_t begin, std::int64_t end, float** targets) const {
    for_pieces(args, begin, end, [&](const Piece& piece) {
      const float* x = args.inputs[0].real(piece.lane) + piece.begin * plan_.rows();
      const std::int64_t count = piece.end - piece.begin;
      for_planes(0, targets, [&](const RowPlane& plane, const RowOutputs& out) {
        multiply_rows(plane, x, plan_.rows(), count, out);
      });
      targets += count;
    });
  }

  struct TileTask {
    const StepArgs& args;
    const TileSink& sink;
    const Strips& strips;
    std::int64_t begin, end;  // strips
  };

  // Sums a few strips and sends what comes out, plane by plane.
  void send(const TileTask& task, std::int64_t group, ScratchMemory scratch) const {
    if (real_events_.possible() && takes_events(task.args)) return send_events(task, scratch);
    auto* targets = scratch.take<float*>(task_pixels);
    auto* reals = scratch.take<float>(task_pixels * planes_.width());
    for (std::int64_t i = 0; i < task_pixels; ++i) targets[i] = reals + i * planes_.width();
    if (in_place_) {
      multiply_and_send_in_place(task, targets, reals);
    } else {
      const std::int64_t rows = plan_.rows();
      auto* patches = scratch.take<float>(patch_size());
      std::int64_t positions = 0;
      task.strips.for_pieces(task.begin, task.end, [&](const Piece& piece) { positions += piece.pixels(); });
      std::fill_n(patches, positions * rows, 0.0F);
      float* patch = patches;
      task.strips.for_pieces(task.begin, task.end, [&](const Piece& piece) {
        patch = patches_.gather(task.args.inputs[0], group, piece, patch);
      });
      send_planes(task, group, reals, [&](const RowPlane& plane, std::int64_t valid) {
        multiply_rows(plane, patches, rows, positions, {targets, 0, valid});
      });
    }
  }

  void send_events(const TileTask& task, ScratchMemory scratch) const {
    auto* reals = scratch.take<float>(listed_at_once() * planes_.width());
    RealEvents::List list = real_events_.take(scratch, listed_at_once());
    task.strips.for_pieces(task.begin, task.end, [&](const Piece& piece) {
      real_events_.append(task.args.inputs[0].real(piece.lane), piece, scratch, list);
    });
    send_planes(task, 0, reals, [&](const RowPlane& plane, std::int64_t) {
      add_rows(plane, list.all(), list.positions, reals);
    });
  }

  Tile tile_of(const Piece& piece, std::int64_t plane, const float* reals) const {
    return {
        piece.lane,      piece.begin, piece.pixels(), planes_.first_channel(plane), planes_.channels(plane),
        planes_.width(), nullptr,     reals};
  }

  // sum(plane, valid channels) leaves the sums of all positions in `reals`.
  template <class Sum>
  void send_planes(const TileTask& task, std::int64_t group, const float* reals, const Sum& sum) const {
    for (std::int64_t p = group * planes_.per_group(); p < (group + 1) * planes_.per_group(); ++p) {
      sum(planes_[p], planes_.channels(p));
      const float* from = reals;
      task.strips.for_pieces(task.begin, task.end, [&](const Piece& piece) {
        task.sink.take(tile_of(piece, p, from));
        from += piece.pixels() * planes_.width();
      });
    }
  }

  void multiply_and_send_in_place(const TileTask& task, float* const* targets, const float* reals) const {
    for (std::int64_t p = 0; p < planes_.per_group(); ++p) {
      task.strips.for_pieces(task.begin, task.end, [&](const Piece& piece) {
        const float* x = task.args.inputs[0].real(piece.lane) + piece.begin * plan_.rows();
        multiply_rows(planes_[p], x, plan_.rows(), piece.pixels(), {targets, 0, planes_.channels(p)});
        task.sink.take(tile_of(piece, p, reals));
      });
    }
  }

  Conv2dPlan plan_;
  RowPlanes planes_;
  bool in_place_;  // inputs are read where they lie
  Patches patches_;
  RealEvents real_events_;
};

}  // namespace

std::unique_ptr<HostKernel> make_conv2d_cpu(const NodeContext& context, const NodePlan& plan) {
  if (has_small_groups(Conv2dGeometry(context))) return make_depthwise_conv2d_cpu(context, plan);
  return std::make_unique<Conv2dCpu>(context);
}

}  // namespace rheobase
