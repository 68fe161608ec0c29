#include "sim/op/event_lister.h"

#include <algorithm>

namespace rheobase {
namespace {

// Counts up to this are worth listing several times.
constexpr std::int64_t most_count = 16;
// Rows that a 16-bit number can tell apart, the zero row included.
constexpr std::int64_t most_rows = 1 << 16;

// Copies [begin, end) to `out`, each plus `shift` modulo 2^16; returns the end of the copy. Whole blocks: few
// spikes share a kernel row, and one block costs less than a loop of the right length.
std::uint16_t* append_shifted(const std::uint16_t* begin, const std::uint16_t* end, std::uint16_t shift,
                              std::uint16_t* __restrict out) {
  constexpr std::int64_t block = 16;
  const std::int64_t count = end - begin;
  for (std::int64_t done = 0; done < count; done += block) {
    for (std::int64_t i = 0; i < block; ++i)
      out[done + i] = static_cast<std::uint16_t>(begin[done + i] + shift);
  }
  return out + count;
}

std::uint16_t modulo(std::int64_t value) { return static_cast<std::uint16_t>(value & 0xffff); }

}  // namespace

EventLister::EventLister(const FixedConv2dPlan& plan, std::int64_t block_rows) : plan_(plan) {
  const auto& kernel = plan.window.kernel;
  single_pixel_ = kernel[0] * kernel[1] == 1;
  const bool counts =
      plan.input.type == SignalType::int16 && plan.input.low >= 0 && plan.input.high <= most_count;
  // A 1x1 kernel is cut between words of channels, others between kernel rows.
  const std::int64_t unit = single_pixel_ ? 64 : kernel[1] * plan.inputs_per_group();
  const std::int64_t step = std::max<std::int64_t>(1, block_rows / unit) * unit;
  for (std::int64_t row = 0; row < plan.rows(); row += step) first_row_.push_back(row);
  first_row_.push_back(plan.rows());
  possible_ = (plan.input.type == SignalType::spikes || counts) && step < most_rows;
}

std::int64_t EventLister::most_events() const {
  const std::int64_t times = plan_.input.type == SignalType::spikes ? 1 : plan_.input.high;
  return plan_.rows() * times + blocks() * (event_multiple - 1);
}

std::size_t EventLister::scratch_bytes() const {
  const ImageShape& image = plan_.input.shape;
  const std::int64_t times = plan_.input.type == SignalType::spikes ? 1 : plan_.input.high;
  return Scratch::size<std::uint16_t>(image.size() * times + list_slack + 64) +
         Scratch::size<std::uint32_t>(image.pixels() + 1);
}

// The channels [first, first + count) of a pixel that spiked, counted from `base`.
std::int64_t EventLister::list_channels(const SignalView& input, int lane, std::int64_t pixel,
                                        std::int64_t first, std::int64_t count, std::uint16_t base,
                                        std::uint16_t* out) const {
  const std::int64_t channels = plan_.input.shape.channels;
  if (plan_.input.type == SignalType::int16) {
    const std::int16_t* counts = input.int16(lane) + pixel * channels + first;
    const std::uint16_t* begin = out;
    for (std::int64_t c = 0; c < count; ++c) {
      for (std::int16_t n = counts[c]; n > 0; --n) *out++ = modulo(base + c);
    }
    return out - begin;
  }
  const std::int64_t word = first / 64;
  const std::int64_t words = (first + count + 63) / 64 - word;
  const std::uint64_t* bits = input.spikes(lane) + pixel * plan_.input.words_per_pixel() + word;
  const bool whole_words = first % 64 == 0 && (count % 64 == 0 || first + count == channels);
  if (whole_words) return list_spikes(bits, words, base, out);
  const std::int64_t listed = list_spikes(bits, words, 0, out);
  std::uint16_t* kept = out;
  for (std::int64_t i = 0; i < listed; ++i) {
    const std::int64_t c = word * 64 + out[i] - first;
    if (c >= 0 && c < count) *kept++ = modulo(base + c);
  }
  return kept - out;
}

void EventLister::list_image_rows(const SignalView& input, const Piece& piece,
                                  const PixelLists& lists) const {
  const Window& w = plan_.window;
  const ImageShape& image = plan_.input.shape;
  const std::int64_t top = piece.begin / plan_.output.width * w.stride[0] - w.padding[0];
  const std::int64_t bottom = (piece.end - 1) / plan_.output.width * w.stride[0] - w.padding[0] +
                              (w.kernel[0] - 1) * w.dilation[0] + 1;
  const std::int64_t first = std::clamp<std::int64_t>(top, 0, image.height) * image.width;
  const std::int64_t last = std::clamp<std::int64_t>(bottom, 0, image.height) * image.width;
  const std::int64_t channels = plan_.inputs_per_group();
  std::uint32_t used = 0;
  for (std::int64_t pixel = first; pixel < last; ++pixel) {
    lists.first[pixel] = used;
    used += static_cast<std::uint32_t>(list_channels(input, piece.lane, pixel, piece.group * channels,
                                                     channels, modulo(pixel % image.width * channels),
                                                     lists.entries + used));
  }
  lists.first[last] = used;
}

std::uint16_t* EventLister::pad(std::int64_t block, std::uint16_t* begin, std::uint16_t* end) const {
  const auto zero_row = static_cast<std::uint16_t>(first_row_[block + 1] - first_row_[block]);
  while ((end - begin) % event_multiple != 0) *end++ = zero_row;
  return end;
}

// Pixels side by side have their entries side by side, so a kernel row is one piece, or one a tap where the
// kernel is dilated.
std::uint16_t* EventLister::append_kernel_row(const PixelLists& lists, std::int64_t position, std::int64_t ky,
                                              std::int64_t first_row, std::uint16_t* out) const {
  const Window& w = plan_.window;
  const std::int64_t width = plan_.input.shape.width;
  const std::int64_t channels = plan_.inputs_per_group();
  const std::int64_t y = position / plan_.output.width * w.stride[0] - w.padding[0] + ky * w.dilation[0];
  if (y < 0 || y >= plan_.input.shape.height) return out;
  const std::int64_t left = position % plan_.output.width * w.stride[1] - w.padding[1];
  const std::int64_t taps = w.dilation[1] == 1 ? w.kernel[1] : 1;
  for (std::int64_t kx = 0; kx < w.kernel[1]; kx += taps) {
    const std::int64_t x = left + kx * w.dilation[1];
    const std::int64_t begin = std::clamp<std::int64_t>(x, 0, width);
    const std::int64_t end = std::clamp<std::int64_t>(x + taps, 0, width);
    if (begin >= end) continue;
    const std::int64_t shift = (ky * w.kernel[1] + kx - x) * channels - first_row;
    out = append_shifted(lists.entries + lists.first[y * width + begin],
                         lists.entries + lists.first[y * width + end], modulo(shift), out);
  }
  return out;
}

void EventLister::append_window(const PixelLists& lists, std::int64_t position, Output& out) const {
  const std::int64_t kernel_row = plan_.window.kernel[1] * plan_.inputs_per_group();
  std::uint32_t* first = out.first + out.positions * blocks();
  for (std::int64_t block = 0; block < blocks(); ++block) {
    std::uint16_t* begin = out.events + first[block];
    std::uint16_t* end = begin;
    for (std::int64_t row = first_row_[block]; row < first_row_[block + 1]; row += kernel_row)
      end = append_kernel_row(lists, position, row / kernel_row, first_row_[block], end);
    first[block + 1] = static_cast<std::uint32_t>(pad(block, begin, end) - out.events);
  }
  ++out.positions;
}

void EventLister::append_pixel(const SignalView& input, const Piece& piece, std::int64_t position,
                               Output& out) const {
  const Window& w = plan_.window;
  const std::int64_t y = position / plan_.output.width * w.stride[0] - w.padding[0];
  const std::int64_t x = position % plan_.output.width * w.stride[1] - w.padding[1];
  const bool inside = y >= 0 && y < plan_.input.shape.height && x >= 0 && x < plan_.input.shape.width;
  const std::int64_t pixel = y * plan_.input.shape.width + x;
  std::uint32_t* first = out.first + out.positions * blocks();
  for (std::int64_t block = 0; block < blocks(); ++block) {
    std::uint16_t* begin = out.events + first[block];
    std::uint16_t* end = begin;
    if (inside) {
      const std::int64_t channel = piece.group * plan_.inputs_per_group() + first_row_[block];
      end += list_channels(input, piece.lane, pixel, channel, first_row_[block + 1] - first_row_[block], 0,
                           begin);
    }
    first[block + 1] = static_cast<std::uint32_t>(pad(block, begin, end) - out.events);
  }
  ++out.positions;
}

void EventLister::append(const SignalView& input, const Piece& piece, Scratch scratch, Output& out) const {
  if (out.positions == 0) out.first[0] = 0;
  if (single_pixel_) {
    for (std::int64_t position = piece.begin; position < piece.end; ++position)
      append_pixel(input, piece, position, out);
    return;
  }
  const ImageShape& image = plan_.input.shape;
  const std::int64_t times = plan_.input.type == SignalType::spikes ? 1 : plan_.input.high;
  PixelLists lists{};
  lists.entries = scratch.take<std::uint16_t>(image.size() * times + list_slack + 64);
  lists.first = scratch.take<std::uint32_t>(image.pixels() + 1);
  list_image_rows(input, piece, lists);
  for (std::int64_t position = piece.begin; position < piece.end; ++position)
    append_window(lists, position, out);
}

}  // namespace rheobase
