#pragma once

#include <cstdint>

namespace rheobase {

// Vector kernels that list which weight rows spikes add. Lists hold events: eight times a row's number,
// modulo 2^16, as processors multiply by 8 while they address. Pixels, channels and rows are counted in
// events too where a structure below has them as 16-bit numbers.
inline constexpr std::int64_t event_unit = 8;
constexpr std::uint16_t event_number(std::int64_t row) {
  return static_cast<std::uint16_t>(row * event_unit & 0xffff);
}
/// Rows that an event can tell apart.
inline constexpr std::int64_t most_event_rows = (1 << 16) / event_unit;

/// What list_pixels() and list_windows() write beyond the last entry, and list_windows() reads.
inline constexpr std::int64_t list_slack = 32;

/// Lists the set bits of some pixels of `words` words each: bit c of pixel p as base + p * step + c events.
/// `first[p]` to `first[p + 1]` are the entries of pixel p; first[0] is given.
struct PixelRun {
  const std::uint64_t* bits;
  std::int64_t words;
  std::int64_t pixels;
  std::uint16_t base, step;
};
void list_pixels(const PixelRun& run, std::uint16_t* entries, std::uint32_t* first);

/// One row of a kernel, or one tap of a dilated one, over one row of the image.
struct WindowRow {
  const std::uint32_t* first;  ///< of the image row's pixels
  std::int64_t offset;         ///< from the window's left edge, in pixels
  std::uint16_t number;        ///< weight row of the first channel at that place
};

/// Windows along a row of the image: the entries of the pixels under each, as numbers of weight rows, padded
/// with `zero_row` to a multiple of event_multiple. An entry of pixel x was listed as x * channels + c.
struct WindowRun {
  const std::uint16_t* entries;
  const WindowRow* rows;
  std::int64_t row_count;
  std::int64_t taps;       ///< pixels that a WindowRow covers
  std::uint16_t channels;  ///< of the image, as listed
  std::int64_t width;      ///< of the image
  std::int64_t left;       ///< first pixel of the first window; beyond the image there is nothing
  std::int64_t stride;
  std::int64_t windows;
  std::uint16_t zero_row;
};
inline constexpr std::int64_t event_multiple = 8;
/// Writes to events + first[0], ...; first[w + 1] is the end of window w.
void list_windows(const WindowRun& run, std::uint16_t* events, std::uint32_t* first);

}  // namespace rheobase
