#include "sim/op/synapse/event_lister.h"

#include <algorithm>
#include <array>

#include "sim/op/synapse/signed_events.h"

namespace rheobase {
namespace {

// Counts up to this are worth listing several times.
constexpr std::int64_t most_count = 16;
// Rows of a block at most: events must tell them apart, the zero row, and the neighbouring groups' channels
// that share words with a group's.
constexpr std::int64_t most_rows = most_event_rows - 1 - 128;

// Channels of spikes of either sign whose words are held at once.
constexpr std::int64_t most_signed = 4096;

// What a list of some channels may write beyond them before it drops those of neighbouring groups.
constexpr std::int64_t group_slack = 128 + list_slack;

}  // namespace

EventLister::EventLister(const Conv2dGeometry& geometry, std::int64_t block_rows,
                         std::int64_t signed_channels)
    : input_(geometry.input),
      output_(geometry.output),
      window_(geometry.window),
      channels_(geometry.inputs_per_group()),
      signed_channels_(signed_channels),
      single_pixel_(window_.kernel[0] * window_.kernel[1] == 1) {
  const bool counts = input_.type == SignalType::int16 && input_.low >= 0 && input_.high <= most_count;
  // A 1x1 kernel is cut between words of channels, others between kernel rows.
  const std::int64_t unit = single_pixel_ ? 64 : window_.kernel[1] * channels_;
  const std::int64_t step = std::max<std::int64_t>(1, std::min(block_rows, most_rows) / unit) * unit;
  for (std::int64_t row = 0; row < geometry.rows(); row += step) first_row_.push_back(row);
  first_row_.push_back(geometry.rows());
  possible_ =
      (input_.type == SignalType::spikes || counts) && step <= most_rows && signed_channels <= most_signed;
}

std::int64_t EventLister::most_events(std::int64_t block) const {
  return (first_row_[block + 1] - first_row_[block]) * times() + event_multiple - 1;
}

std::int64_t EventLister::most_events() const {
  return first_row_.back() * times() + blocks() * (event_multiple - 1);
}

std::size_t EventLister::scratch_bytes(std::int64_t positions) const {
  std::size_t bytes =
      ScratchMemory::size<std::uint16_t*>(blocks()) + ScratchMemory::size<std::uint32_t*>(blocks());
  for (std::int64_t block = 0; block < blocks(); ++block) {
    bytes += ScratchMemory::size<std::uint16_t>(positions * most_events(block) + group_slack) +
             ScratchMemory::size<std::uint32_t>(positions + 1);
  }
  return bytes + ScratchMemory::size<std::uint16_t>(input_.shape.size() * times() + group_slack) +
         ScratchMemory::size<std::uint32_t>(input_.shape.pixels() + 1) +
         ScratchMemory::size<WindowRow>(most_window_rows()) + ScratchMemory::size<std::uint64_t>(row_words());
}

EventLister::Lists EventLister::take(ScratchMemory& scratch, std::int64_t positions) const {
  Lists lists{scratch.take<std::uint16_t*>(blocks()), scratch.take<std::uint32_t*>(blocks()), 0};
  for (std::int64_t block = 0; block < blocks(); ++block) {
    lists.events[block] = scratch.take<std::uint16_t>(positions * most_events(block) + group_slack);
    lists.first[block] = scratch.take<std::uint32_t>(positions + 1);
    lists.first[block][0] = 0;
  }
  return lists;
}

// The channels [first, first + count) of a pixel that spiked, counted from `base`.
std::int64_t EventLister::list_channels(const SignalView& input, int lane, std::int64_t pixel,
                                        std::int64_t first, std::int64_t count, std::uint16_t base,
                                        std::uint16_t* out) const {
  const std::int64_t channels = input_.shape.channels;
  if (input_.type == SignalType::int16) {
    const std::int16_t* counts = input.int16(lane) + pixel * channels + first;
    const std::uint16_t* begin = out;
    for (std::int64_t c = 0; c < count; ++c) {
      for (std::int16_t n = counts[c]; n > 0; --n)
        *out++ = static_cast<std::uint16_t>(base + event_number(c));
    }
    return out - begin;
  }
  const std::int64_t word = first / 64;
  const std::int64_t words = (first + count + 63) / 64 - word;
  std::array<std::uint64_t, most_signed / 32> signs;  // NOLINT(cppcoreguidelines-pro-type-member-init): large
  if (signed_channels_ > 0)
    signs_as_bits(input.int16(lane) + pixel * signed_channels_, 1, signed_channels_, signs.data());
  const std::uint64_t* bits =
      (signed_channels_ > 0 ? signs.data() : input.spikes(lane) + pixel * input_.words_per_pixel()) + word;
  std::uint32_t listed[2] = {0, 0};
  const bool whole_words = first % 64 == 0 && (count % 64 == 0 || first + count == channels);
  list_pixels({bits, words, 1, whole_words ? base : std::uint16_t{0}, 0}, out, listed);
  if (whole_words) return listed[1];
  std::uint16_t* kept = out;
  for (std::uint32_t i = 0; i < listed[1]; ++i) {
    const std::int64_t c = word * 64 + out[i] / event_unit - first;
    if (c >= 0 && c < count) *kept++ = static_cast<std::uint16_t>(base + event_number(c));
  }
  return kept - out;
}

void EventLister::list_image(const SignalView& input, const Piece& piece, const Image& image) const {
  const std::int64_t width = input_.shape.width;
  const std::int64_t top = piece.begin / output_.width * window_.stride[0] - window_.padding[0];
  const std::int64_t bottom = (piece.end - 1) / output_.width * window_.stride[0] - window_.padding[0] +
                              (window_.kernel[0] - 1) * window_.dilation[0] + 1;
  const std::int64_t first = std::clamp<std::int64_t>(top, 0, input_.shape.height) * width;
  const std::int64_t last = std::clamp<std::int64_t>(bottom, 0, input_.shape.height) * width;
  const bool whole_pixels = input_.type == SignalType::spikes && channels_ == input_.shape.channels;
  image.first[first] = 0;
  for (std::int64_t row = first; row < last; row += width) {
    if (whole_pixels) {
      const std::int64_t words = input_.words_per_pixel();
      if (signed_channels_ > 0)
        signs_as_bits(input.int16(piece.lane) + row * signed_channels_, width, signed_channels_, image.words);
      const std::uint64_t* bits = signed_channels_ > 0 ? image.words : input.spikes(piece.lane) + row * words;
      list_pixels({bits, words, width, 0, event_number(channels_)}, image.entries, image.first + row);
      continue;
    }
    for (std::int64_t x = 0; x < width; ++x) {
      std::uint32_t* place = image.first + row + x;
      const std::int64_t listed =
          list_channels(input, piece.lane, row + x, piece.group * channels_, channels_,
                        event_number(x * channels_), image.entries + *place);
      place[1] = *place + static_cast<std::uint32_t>(listed);
    }
  }
}

// Pixels side by side have their entries side by side, so a kernel row is one WindowRow, or one a tap where
// the kernel is dilated.
void EventLister::append_windows(const Image& image, const Row& row, Lists& lists) const {
  const std::int64_t kernel_row = window_.kernel[1] * channels_;
  const std::int64_t taps = window_.dilation[1] == 1 ? window_.kernel[1] : 1;
  WindowRun run{};
  run.entries = image.entries;
  run.rows = image.rows;
  run.taps = taps;
  run.channels = event_number(channels_);
  run.width = input_.shape.width;
  run.left = row.begin * window_.stride[1] - window_.padding[1];
  run.stride = window_.stride[1];
  run.windows = row.end - row.begin;
  for (std::int64_t block = 0; block < blocks(); ++block) {
    run.row_count = 0;
    for (std::int64_t r = first_row_[block]; r < first_row_[block + 1]; r += kernel_row) {
      const std::int64_t y =
          row.y * window_.stride[0] - window_.padding[0] + r / kernel_row * window_.dilation[0];
      if (y < 0 || y >= input_.shape.height) continue;
      for (std::int64_t kx = 0; kx < window_.kernel[1]; kx += taps) {
        image.rows[run.row_count++] = {image.first + y * input_.shape.width, kx * window_.dilation[1],
                                       event_number(r - first_row_[block] + kx * channels_)};
      }
    }
    run.zero_row = event_number(first_row_[block + 1] - first_row_[block]);
    list_windows(run, lists.events[block], lists.first[block] + lists.positions);
  }
}

void EventLister::append_pixels(const SignalView& input, const Piece& piece, const Row& row,
                                Lists& lists) const {
  const std::int64_t y = row.y * window_.stride[0] - window_.padding[0];
  for (std::int64_t i = row.begin; i < row.end; ++i) {
    const std::int64_t x = i * window_.stride[1] - window_.padding[1];
    const bool inside = y >= 0 && y < input_.shape.height && x >= 0 && x < input_.shape.width;
    for (std::int64_t block = 0; block < blocks(); ++block) {
      std::uint32_t* first = lists.first[block] + lists.positions + (i - row.begin);
      const std::int64_t rows = first_row_[block + 1] - first_row_[block];
      std::uint16_t* out = lists.events[block] + first[0];
      std::int64_t listed = 0;
      if (inside) {
        listed = list_channels(input, piece.lane, y * input_.shape.width + x,
                               piece.group * channels_ + first_row_[block], rows, 0, out);
      }
      while (listed % event_multiple != 0) out[listed++] = event_number(rows);
      first[1] = first[0] + static_cast<std::uint32_t>(listed);
    }
  }
}

void EventLister::append(const SignalView& input, const Piece& piece, ScratchMemory scratch,
                         Lists& lists) const {
  Image image{};
  if (!single_pixel_) {
    image.entries = scratch.take<std::uint16_t>(input_.shape.size() * times() + group_slack);
    image.first = scratch.take<std::uint32_t>(input_.shape.pixels() + 1);
    image.rows = scratch.take<WindowRow>(most_window_rows());
    image.words = scratch.take<std::uint64_t>(row_words());
    list_image(input, piece, image);
  }
  for (std::int64_t begin = piece.begin; begin < piece.end;) {
    const std::int64_t x = begin % output_.width;
    const Row row{begin / output_.width, x, std::min(output_.width, x + piece.end - begin)};
    if (single_pixel_) {
      append_pixels(input, piece, row, lists);
    } else {
      append_windows(image, row, lists);
    }
    lists.positions += row.end - row.begin;
    begin += row.end - row.begin;
  }
}

}  // namespace rheobase
