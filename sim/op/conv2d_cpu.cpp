// Conv2d and Linear on the cpu. Spikes take the event-driven path: the active taps of an output pixel are
// listed once and their weight rows added for one plane of output channels after the other. Real inputs take
// the dense path: the taps of several pixels are gathered into vectors and multiplied by 16 output channels
// at a time. Both keep the sums in the order that conv2d_plan.h fixes.
#include <hwy/aligned_allocator.h>

#include <algorithm>
#include <cstring>

#include "sim/op/conv2d_plan.h"
#include "sim/op/row_kernels.h"
#include "sim/op/structural_kernels.h"

namespace rheobase {
namespace {

// A plane should stay in the second-level cache while the pixels of a task walk over it.
constexpr std::int64_t plane_bytes = 320 << 10;
// Pixels of one task; event lists and outputs of a task stay in the cache too.
constexpr std::int64_t task_pixels = 256;
// Floats of gathered taps that the dense path holds at once.
constexpr std::int64_t patch_floats = 96 << 10;

std::int64_t plane_width(SignalType input, std::int64_t channels, std::int64_t rows) {
  if (input == SignalType::real32 || channels <= 16) return 16;
  if (channels <= 32) return 32;
  const bool wide_fits = rows * 64 * static_cast<std::int64_t>(sizeof(float)) <= plane_bytes;
  return wide_fits ? 64 : 32;
}

// One thread's working memory, kept between steps.
struct Scratch {
  std::vector<std::uint32_t> pixel_events;  // channels that spiked, of every input pixel of a piece
  std::vector<std::int64_t> pixel_first;
  std::vector<std::uint32_t> events;  // rows to add, of every output pixel of a piece
  std::vector<std::int64_t> first;
  std::vector<float> patches;
  std::vector<float*> targets;
};

Scratch& thread_scratch() {
  thread_local Scratch scratch;
  return scratch;
}

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

// Output pixels [begin, end) of one slot.
struct Piece {
  int slot;
  std::int64_t begin, end;
};

class Conv2dCpu : public Kernel {
 public:
  explicit Conv2dCpu(const KernelContext& context)
      : plan_(context),
        width_(plane_width(plan_.input.type, plan_.outputs_per_group(), plan_.rows())),
        planes_per_group_((plan_.outputs_per_group() + width_ - 1) / width_) {
    pack();
    plan_.weights = {};
  }

  SignalSpec output() const override { return {SignalType::real32, plan_.output, {1.0F}, false}; }

  void step(const StepArgs& args) const override {
    const std::int64_t total = plan_.output.pixels() * static_cast<std::int64_t>(args.slots.size());
    const std::int64_t share = total / (4 * args.pool.threads()) + 1;
    args.pool.for_ranges(total, std::min(task_pixels, share), [&](std::int64_t begin, std::int64_t end) {
      Scratch& scratch = thread_scratch();
      list_targets(args, begin, end, scratch);
      for (std::int64_t group = 0; group < plan_.groups; ++group) {
        if (plan_.input.type == SignalType::spikes) {
          add_events(args, begin, end, group, scratch);
        } else {
          multiply(args, begin, end, group, scratch);
        }
      }
    });
  }

 private:
  void pack() {
    const std::int64_t rows = plan_.rows();
    const std::int64_t planes = plan_.groups * planes_per_group_;
    rows_ = hwy::AllocateAligned<float>(planes * rows * width_);
    bias_ = hwy::AllocateAligned<float>(planes * width_);
    if (!rows_ || !bias_) throw std::bad_alloc();
    for (std::int64_t plane = 0; plane < planes; ++plane) {
      const std::int64_t first = first_channel(plane);
      const std::int64_t valid = valid_channels(plane);
      for (std::int64_t c = 0; c < width_; ++c) {
        bias_[plane * width_ + c] = c < valid ? plan_.bias[first + c] : 0.0F;
        for (std::int64_t r = 0; r < rows; ++r) {
          rows_[(plane * rows + r) * width_ + c] = c < valid ? plan_.weight(first + c, r) : 0.0F;
        }
      }
    }
  }

  std::int64_t first_channel(std::int64_t plane) const {
    return plane / planes_per_group_ * plan_.outputs_per_group() + plane % planes_per_group_ * width_;
  }
  std::int64_t valid_channels(std::int64_t plane) const {
    return std::min(width_, plan_.outputs_per_group() - plane % planes_per_group_ * width_);
  }

  // Calls run(plane, outputs) for every plane of a group.
  template <class Run>
  void for_planes(std::int64_t group, float* const* targets, const Run& run) const {
    for (std::int64_t p = group * planes_per_group_; p < (group + 1) * planes_per_group_; ++p) {
      run(RowPlane{rows_.get() + p * plan_.rows() * width_, bias_.get() + p * width_, width_},
          RowOutputs{targets, first_channel(p), valid_channels(p)});
    }
  }

  // Pixels are numbered through all active slots: [begin, end) may span several of them.
  template <class Visit>
  void for_pieces(const StepArgs& args, std::int64_t begin, std::int64_t end, const Visit& visit) const {
    const std::int64_t pixels = plan_.output.pixels();
    while (begin < end) {
      const std::int64_t first = begin / pixels * pixels;
      const std::int64_t stop = std::min(end, first + pixels);
      visit(Piece{args.slots[begin / pixels], begin - first, stop - first});
      begin = stop;
    }
  }

  void list_targets(const StepArgs& args, std::int64_t begin, std::int64_t end, Scratch& scratch) const {
    scratch.targets.clear();
    for_pieces(args, begin, end, [&](const Piece& piece) {
      for (std::int64_t pixel = piece.begin; pixel < piece.end; ++pixel) {
        scratch.targets.push_back(args.output.real(piece.slot) + pixel * plan_.output.channels);
      }
    });
  }

  void add_events(const StepArgs& args, std::int64_t begin, std::int64_t end, std::int64_t group,
                  Scratch& scratch) const {
    scratch.events.resize((end - begin) * plan_.rows() + slack);
    scratch.first.assign(1, 0);
    for_pieces(args, begin, end, [&](const Piece& piece) {
      list_pixel_events(args.inputs[0].spikes(piece.slot), group, piece, scratch);
      list_events(piece, scratch);
    });
    for_planes(group, scratch.targets.data(), [&](const RowPlane& plane, const RowOutputs& out) {
      sum_event_rows(plane, scratch.events.data(), scratch.first.data(), end - begin, out);
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
                         Scratch& scratch) const {
    const auto [first_row, last_row] = input_rows(piece);
    const std::int64_t columns = plan_.input.shape.width;
    const std::int64_t words = plan_.input.words_per_pixel();
    const auto low = static_cast<std::uint32_t>(group * plan_.inputs_per_group());
    const auto high = static_cast<std::uint32_t>(low + plan_.inputs_per_group());
    scratch.pixel_first.resize(plan_.input.shape.pixels() + 1);
    scratch.pixel_events.resize((last_row - first_row) * columns * plan_.input.shape.channels + slack);
    std::int64_t used = 0;
    for (std::int64_t pixel = first_row * columns; pixel < last_row * columns; ++pixel) {
      scratch.pixel_first[pixel] = used;
      std::uint32_t* out = scratch.pixel_events.data() + used;
      std::int64_t count = decode_spikes(spikes + pixel * words, words, 0, out);
      if (plan_.groups > 1) {
        const auto* end =
            std::remove_if(out, out + count, [&](std::uint32_t c) { return c < low || c >= high; });
        count = end - out;
        for (std::int64_t i = 0; i < count; ++i) out[i] -= low;
      }
      used += count;
    }
    scratch.pixel_first[last_row * columns] = used;
  }

  // Appends the weight rows to add for each output pixel of a piece, in row order.
  void list_events(const Piece& piece, Scratch& scratch) const {
    const std::uint32_t* pixel_events = scratch.pixel_events.data();
    const std::int64_t* pixel_first = scratch.pixel_first.data();
    std::uint32_t* out = scratch.events.data() + scratch.first.back();
    for (std::int64_t pixel = piece.begin; pixel < piece.end; ++pixel) {
      plan_.for_taps(
          pixel / plan_.output.width, pixel % plan_.output.width, [&](std::int64_t from, std::int64_t row) {
            out = append_shifted(pixel_events + pixel_first[from], pixel_events + pixel_first[from + 1],
                                 static_cast<std::uint32_t>(row), out);
          });
      scratch.first.push_back(out - scratch.events.data());
    }
  }

  void multiply(const StepArgs& args, std::int64_t begin, std::int64_t end, std::int64_t group,
                Scratch& scratch) const {
    const std::int64_t rows = plan_.rows();
    const std::int64_t at_once = std::max<std::int64_t>(6, patch_floats / rows / 6 * 6);
    for (std::int64_t first = begin; first < end; first += at_once) {
      const std::int64_t count = std::min(end - first, at_once);
      scratch.patches.assign(count * rows, 0.0F);
      float* patch = scratch.patches.data();
      for_pieces(args, first, first + count, [&](const Piece& piece) {
        patch = gather_patches(args.inputs[0].real(piece.slot), group, piece, patch);
      });
      for_planes(group, scratch.targets.data() + (first - begin),
                 [&](const RowPlane& plane, const RowOutputs& out) {
                   multiply_rows(plane, scratch.patches.data(), rows, count, out);
                 });
    }
  }

  // The values under the windows of a piece's output pixels, one vector of rows() each; the padding is left
  // as it is. Returns the end of what it wrote.
  float* gather_patches(const float* input, std::int64_t group, const Piece& piece, float* patch) const {
    const std::int64_t channels = plan_.inputs_per_group();
    for (std::int64_t pixel = piece.begin; pixel < piece.end; ++pixel, patch += plan_.rows()) {
      plan_.for_taps(pixel / plan_.output.width, pixel % plan_.output.width,
                     [&](std::int64_t from, std::int64_t row) {
                       const float* source = input + from * plan_.input.shape.channels + group * channels;
                       std::memcpy(patch + row, source, static_cast<std::size_t>(channels) * sizeof(float));
                     });
    }
    return patch;
  }

  Conv2dPlan plan_;
  std::int64_t width_;
  std::int64_t planes_per_group_;
  hwy::AlignedFreeUniquePtr<float[]> rows_;  // [plane][row][width]
  hwy::AlignedFreeUniquePtr<float[]> bias_;  // [plane][width]
};

}  // namespace

std::unique_ptr<Kernel> make_conv2d_cpu(const KernelContext& context) {
  return std::make_unique<Conv2dCpu>(context);
}

}  // namespace rheobase
