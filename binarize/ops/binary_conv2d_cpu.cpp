// BinaryConv2d and BinaryLinear on the cpu. A task takes strips of output rows; the image under a strip is
// coded once, with its padding, so that every window is a few runs of codes, and is then met by one plane of
// weights after the other. Sums leave in tiles: to a neuron, or as reals or currents to memory. In fixed
// arithmetic few spikes are added by the event path of the convolution that has the same weights in bytes.
#include <array>
#include <bit>
#include <numeric>

#include "binarize/ops/binary_conv2d_plan.h"
#include "binarize/ops/bit_density.h"
#include "binarize/ops/bit_outputs.h"
#include "binarize/ops/bit_planes.h"
#include "sim/op/host/tile.h"
#include "sim/op/structural/structural_kernels.h"
#include "sim/op/structural/structural_plans.h"

namespace rheobase {
namespace {

// Output pixels of a strip, about, and of a tile.
constexpr std::int64_t strip_pixels = 128;
constexpr std::int64_t tile_pixels = 16;
// Output pixels that are worth the start of a task.
constexpr std::int64_t task_pixels = 64;

// The image under a strip of output rows, with the padding around it.
struct StripImage {
  StripImage(const BinaryConv2dPlan& plan, const BitCoding& coding) {
    const Window& w = plan.window;
    const auto reach = [&](int axis, std::int64_t outputs) {
      return (outputs - 1) * w.stride.at(axis) + (w.kernel.at(axis) - 1) * w.dilation.at(axis) + 1;
    };
    output_rows = std::clamp<std::int64_t>(strip_pixels / plan.output.width, 1, plan.output.height);
    rows = reach(0, output_rows);
    columns = std::max(reach(1, plan.output.width), w.padding[1] + plan.input.shape.width);
    bytes = (rows * columns * coding.pixel_bytes() + 2 * BitCoding::slack_bytes - 1) /
            BitCoding::slack_bytes * BitCoding::slack_bytes;
    for (std::int64_t ky = 0; ky < w.kernel[0]; ++ky) {
      const std::int64_t row = ky * w.dilation[0] * columns;
      const std::int64_t steps = coding.steps();
      if (w.dilation[1] == 1) {
        runs.push_back({row * steps, w.kernel[1] * steps});
        continue;
      }
      for (std::int64_t kx = 0; kx < w.kernel[1]; ++kx)
        runs.push_back({(row + kx * w.dilation[1]) * steps, steps});
    }
  }

  std::int64_t output_rows;    // of a strip
  std::int64_t rows, columns;  // of the image
  std::int64_t bytes;
  std::vector<CodeRun> runs;  // of a window, from its upper left pixel
};

// Output pixels that are summed together, from one strip of one lane or several.
struct Batch {
  std::int64_t pixels = 0;
  std::int64_t strips = 0;
  const std::byte** codes;
  std::int32_t* start;
  int* lane;
  std::int32_t* place;  // pixel in the output
  std::byte* images;
  std::int32_t* counts;  // set bits of each pixel of an image: spikes
  std::int32_t* sums;
};

// Writes the sums of a node that no neuron takes.
class Writing : public TileSink {
 public:
  Writing(const BinaryConv2dPlan& plan, const StepArgs& args) : plan_(plan), args_(args) {}
  void take(const Tile& tile) const override {
    const std::int64_t channels = plan_.output.channels;
    const RealOutput output{plan_.scale.data() + tile.first_channel, plan_.shift.data() + tile.first_channel,
                            plan_.relu};
    std::int64_t index = tile.first_pixel * channels + tile.first_channel;
    for (std::int64_t p = 0; p < tile.pixels; ++p, index += channels) {
      const std::int32_t* sums = tile.currents + p * tile.width;
      if (plan_.arithmetic == Arithmetic::fixed) {
        std::copy_n(sums, tile.channels, args_.output.int32(tile.lane) + index);
      } else {
        const float* addend = plan_.adds ? args_.inputs[1].real(tile.lane) + index : nullptr;
        write_reals(output, sums, tile.channels, addend, args_.output.real(tile.lane) + index);
      }
    }
  }

 private:
  const BinaryConv2dPlan& plan_;
  const StepArgs& args_;
};

// The convolution with the same weights in bytes; nullptr where they are too large for one.
std::unique_ptr<HostKernel> make_event_kernel(const NodeContext& context, const BinaryConv2dPlan& plan) {
  const bool fits = std::all_of(plan.integer_scale.begin(), plan.integer_scale.end(), [](std::int32_t scale) {
    return scale >= -max_fixed_weight && scale <= max_fixed_weight;
  });
  if (plan.arithmetic != Arithmetic::fixed || plan.input.type != SignalType::spikes || !fits) return nullptr;
  Node node = context.node;
  node.op = node.op.substr(std::string("Binary").size());
  Tensor& weight = node.tensors.at("weight");
  const std::size_t row = weight.size() / plan.integer_scale.size();
  std::vector<std::int8_t> bytes(weight.size());
  for (std::size_t i = 0; i < bytes.size(); ++i)
    bytes[i] = static_cast<std::int8_t>(weight.signs()[i] * plan.integer_scale[i / row]);
  weight = Tensor(weight.shape, std::move(bytes));
  node.tensors.erase("scale");
  if (node.tensors.erase("shift") > 0)
    node.tensors["bias"] = Tensor({plan.output.channels}, plan.integer_shift);
  const NodeContext real{node, context.inputs, context.output_shape};
  return make_fixed_conv2d_cpu(real, plan_fixed_conv2d(real));
}

class BinaryConv2dCpu : public HostKernel, public TileSource {
 public:
  BinaryConv2dCpu(const NodeContext& context, Arithmetic arithmetic, CountMethod method)
      : plan_(context, arithmetic),
        coding_{method, plan_.input_bits(), plan_.input.shape.channels},
        planes_(plan_.weights, coding_),
        image_(plan_, coding_),
        strips_((plan_.output.height + image_.output_rows - 1) / image_.output_rows),
        batch_strips_(std::max<std::int64_t>(1, task_pixels / (image_.output_rows * plan_.output.width))),
        scaled_(arithmetic == Arithmetic::fixed &&
                (!plan_.plain() || plan_.output.channels % planes_.width() != 0)) {
    events_ = make_event_kernel(context, plan_);
    plan_.weights.words = {};
    if (coding_.input == BitInput::signs) starts_ = window_sizes();
    const auto padded = static_cast<std::size_t>(planes_.count() * planes_.width());
    scale_ = plan_.integer_scale;
    shift_ = plan_.integer_shift;
    for (auto* list : {&scale_, &shift_}) list->resize(padded, 0);
  }

  // A neuron takes integers: where the output is real, no more than the sum may leave.
  const TileSource* tile_source() const override {
    return plan_.arithmetic == Arithmetic::fixed || plan_.plain() ? this : nullptr;
  }

  double dense_from() const override { return events_ ? bit_density() : 2.0; }

  std::size_t scratch_bytes() const override {
    const std::int64_t pixels = batch_pixels();
    const std::size_t bytes =
        ScratchMemory::size<const std::byte*>(pixels) + 2 * ScratchMemory::size<std::int32_t>(pixels) +
        ScratchMemory::size<int>(pixels) + ScratchMemory::size<std::byte>(batch_strips_ * image_.bytes) +
        ScratchMemory::size<std::int32_t>(image_.rows * image_.columns) +
        ScratchMemory::size<std::int32_t>(tile_pixels * planes_.width());
    return events_ ? std::max(bytes, events_->scratch_bytes()) : bytes;
  }

  void step(const StepArgs& args) const override { step_tiles(args, Writing(plan_, args)); }

  void step_tiles(const StepArgs& args, const TileSink& sink) const override {
    if (events_ && args.path == SynapsePath::event) return events_->tile_source()->step_tiles(args, sink);
    const std::int64_t total = strips_ * static_cast<std::int64_t>(args.slots.size());
    const std::int64_t share = total / (4 * args.pool.threads()) + 1;
    args.pool.for_ranges(total, std::min(batch_strips_, share),
                         [&](std::int64_t begin, std::int64_t end, int worker) {
                           Batch batch = take_batch(args.scratch(worker));
                           for (std::int64_t i = begin; i < end; ++i) {
                             const SlotLanes& slot = args.slots[i / strips_];
                             for (const int lane : args.lanes.subspan(slot.first, slot.count)) {
                               add_strip(args.inputs[0], lane, i % strips_, batch);
                               if (batch.strips == batch_strips_) run(batch, sink);
                             }
                           }
                           run(batch, sink);
                         });
  }

 private:
  std::int64_t batch_pixels() const { return batch_strips_ * image_.output_rows * plan_.output.width; }

  Batch take_batch(ScratchMemory scratch) const {
    const std::int64_t pixels = batch_pixels();
    Batch batch{};
    batch.codes = scratch.take<const std::byte*>(pixels);
    batch.start = scratch.take<std::int32_t>(pixels);
    batch.lane = scratch.take<int>(pixels);
    batch.place = scratch.take<std::int32_t>(pixels);
    batch.images = scratch.take<std::byte>(batch_strips_ * image_.bytes);
    batch.counts = scratch.take<std::int32_t>(image_.rows * image_.columns);
    batch.sums = scratch.take<std::int32_t>(tile_pixels * planes_.width());
    return batch;
  }

  // Codes the image under a strip and lists its output pixels.
  void add_strip(const SignalView& input, int lane, std::int64_t strip, Batch& batch) const {
    const std::int64_t first = strip * image_.output_rows;
    const std::int64_t last = std::min(first + image_.output_rows, plan_.output.height);
    std::byte* image = batch.images + batch.strips * image_.bytes;
    encode(input, lane, first, image, batch.counts);
    for (std::int64_t y = first; y < last; ++y) {
      for (std::int64_t x = 0; x < plan_.output.width; ++x) {
        const std::int64_t corner =
            (y - first) * plan_.window.stride[0] * image_.columns + x * plan_.window.stride[1];
        batch.codes[batch.pixels] = image + corner * coding_.pixel_bytes();
        batch.start[batch.pixels] = coding_.input == BitInput::signs ? starts_[y * plan_.output.width + x]
                                                                     : count_window(batch.counts + corner);
        batch.lane[batch.pixels] = lane;
        batch.place[batch.pixels] = static_cast<std::int32_t>(y * plan_.output.width + x);
        ++batch.pixels;
      }
    }
    ++batch.strips;
  }

  void encode(const SignalView& input, int lane, std::int64_t first, std::byte* image,
              std::int32_t* counts) const {
    const ImageShape& shape = plan_.input.shape;
    const std::int64_t words = plan_.input.words_per_pixel();
    const std::int64_t left = plan_.window.padding[1];
    const std::int64_t inside = std::min(shape.width, image_.columns - left);
    const std::int64_t bytes = coding_.pixel_bytes();
    for (std::int64_t row = 0; row < image_.rows; ++row) {
      const std::int64_t y = first * plan_.window.stride[0] - plan_.window.padding[0] + row;
      std::byte* codes = image + row * image_.columns * bytes;
      std::int32_t* count = counts + row * image_.columns;
      const bool has_pixels = y >= 0 && y < shape.height && inside > 0;
      if (coding_.input == BitInput::spikes) std::fill_n(count, image_.columns, 0);
      encode_padding(coding_, has_pixels ? left : image_.columns, codes);
      if (!has_pixels) continue;
      const std::uint64_t* pixels = input.spikes(lane) + y * shape.width * words;
      encode_bits(coding_, pixels, inside, codes + left * bytes);
      encode_padding(coding_, image_.columns - left - inside, codes + (left + inside) * bytes);
      if (coding_.input == BitInput::spikes) count_bits(pixels, inside, words, count + left);
    }
  }

  static void count_bits(const std::uint64_t* words, std::int64_t pixels, std::int64_t words_per_pixel,
                         std::int32_t* count) {
    for (std::int64_t p = 0; p < pixels; ++p) {
      for (std::int64_t w = 0; w < words_per_pixel; ++w)
        count[p] += std::popcount(words[p * words_per_pixel + w]);
    }
  }

  // What the sum of each window of signs would be without a product of -1.
  std::vector<std::int32_t> window_sizes() const {
    std::vector<std::int32_t> sizes;
    for (std::int64_t pixel = 0; pixel < plan_.output.pixels(); ++pixel) {
      std::int32_t taps = 0;
      plan_.for_taps(pixel / plan_.output.width, pixel % plan_.output.width,
                     [&](std::int64_t, std::int64_t) { ++taps; });
      sizes.push_back(taps * static_cast<std::int32_t>(plan_.input.shape.channels));
    }
    return sizes;
  }
  // The same of a window of spikes: how many there are.
  std::int32_t count_window(const std::int32_t* counts) const {
    const Window& w = plan_.window;
    std::int32_t sum = 0;
    for (std::int64_t ky = 0; ky < w.kernel[0]; ++ky) {
      for (std::int64_t kx = 0; kx < w.kernel[1]; ++kx)
        sum += counts[ky * w.dilation[0] * image_.columns + kx * w.dilation[1]];
    }
    return sum;
  }

  // Sums all pixels of a batch and empties it.
  void run(Batch& batch, const TileSink& sink) const {
    for (std::int64_t plane = 0; plane < planes_.count(); ++plane) {
      for (std::int64_t first = 0; first < batch.pixels; first += tile_pixels) {
        const std::int64_t count = std::min(tile_pixels, batch.pixels - first);
        sum_bits(coding_, planes_.plane(plane), image_.runs,
                 {batch.codes + first, batch.start + first, batch.sums}, count);
        if (coding_.method == CountMethod::words) correct_padding(plane, batch, first, count);
        if (scaled_) {
          const std::int64_t channel = plane * planes_.width();
          scale_sums(scale_.data() + channel, shift_.data() + channel, count, planes_.width(), batch.sums);
        }
        send(plane, batch, first, count, sink);
      }
    }
    batch.pixels = 0;
    batch.strips = 0;
  }

  // Words that lie in the padding have counted the +1 among the weights.
  void correct_padding(std::int64_t plane, const Batch& batch, std::int64_t first, std::int64_t count) const {
    if (coding_.input == BitInput::spikes) return;
    const std::int64_t width = planes_.width();
    for (std::int64_t p = 0; p < count; ++p) {
      std::int32_t* sums = batch.sums + p * width;
      const std::int64_t pixel = batch.place[first + p];
      std::int64_t next = 0;
      const auto pad_until = [&](std::int64_t tap) {
        for (; next < tap; ++next) {
          for (std::int64_t c = 0; c < width; ++c) sums[c] += 2 * planes_.ones(plane, next)[c];
        }
      };
      plan_.for_taps(pixel / plan_.output.width, pixel % plan_.output.width,
                     [&](std::int64_t, std::int64_t tap) {
                       pad_until(tap);
                       next = tap + 1;
                     });
      pad_until(plan_.taps());
    }
  }

  // Hands the sums on, a tile for consecutive pixels of a lane.
  void send(std::int64_t plane, const Batch& batch, std::int64_t first, std::int64_t count,
            const TileSink& sink) const {
    const std::int64_t width = planes_.width();
    for (std::int64_t p = 0; p < count;) {
      std::int64_t end = p + 1;
      const auto follows = [&](std::int64_t q) {
        return batch.lane[first + q] == batch.lane[first + p] &&
               batch.place[first + q] == batch.place[first + p] + static_cast<std::int32_t>(q - p);
      };
      while (end < count && follows(end)) ++end;
      sink.take({batch.lane[first + p], batch.place[first + p], end - p, plane * width,
                 planes_.channels(plane), width, batch.sums + p * width});
      p = end;
    }
  }

  BinaryConv2dPlan plan_;
  std::unique_ptr<HostKernel> events_;  // for few spikes
  BitCoding coding_;
  BitPlanes planes_;
  StripImage image_;
  std::vector<std::int32_t> starts_;  // signs: of each output pixel, what its sums begin with
  std::int64_t strips_;               // of a lane
  std::int64_t batch_strips_;         // that are summed together
  bool scaled_;                       // fixed arithmetic: sums are scaled, or there are columns to clear
  std::vector<std::int32_t> scale_, shift_;  // fixed arithmetic, of all planes, 0 beyond the last channel
};

}  // namespace

std::unique_ptr<HostKernel> make_binary_conv2d_cpu(const NodeContext& context, Arithmetic arithmetic,
                                                   CountMethod method) {
  return std::make_unique<BinaryConv2dCpu>(context, arithmetic, method);
}

}  // namespace rheobase
