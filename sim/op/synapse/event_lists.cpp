#include "sim/op/synapse/event_lists.h"

#include <algorithm>
#include <array>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "sim/op/synapse/event_lists.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h, as Highway requires.
#include <hwy/highway.h>

#ifndef RHEOBASE_SIM_OP_EVENT_LISTS
#define RHEOBASE_SIM_OP_EVENT_LISTS
namespace rheobase {

// The set bits of every byte as events, ascending; what is behind them does not matter.
using ByteLists = std::array<std::array<std::uint8_t, 8>, 256>;
constexpr ByteLists make_byte_lists() {
  ByteLists lists{};
  for (unsigned byte = 0; byte < 256; ++byte) {
    std::size_t count = 0;
    for (std::uint8_t bit = 0; bit < 8; ++bit) {
      if ((byte >> bit & 1U) != 0) lists[byte][count++] = event_number(bit);
    }
  }
  return lists;
}
alignas(64) inline constexpr ByteLists byte_lists = make_byte_lists();

// Byte i: the set bits of bytes 0 to i of the word.
inline std::uint64_t running_counts(std::uint64_t word) {
  word -= word >> 1 & 0x5555555555555555U;
  word = (word & 0x3333333333333333U) + (word >> 2 & 0x3333333333333333U);
  word = (word + (word >> 4)) & 0x0f0f0f0f0f0f0f0fU;
  return word * 0x0101010101010101U;
}

}  // namespace rheobase
#endif

HWY_BEFORE_NAMESPACE();
namespace rheobase::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Lists one word; returns how many bits are set. The places of the eight bytes' lists come from one
// multiplication, so nothing waits for a branch or a count.
HWY_INLINE std::int64_t list_word(std::uint64_t word, std::uint16_t base, std::uint16_t* out) {
  const std::uint64_t counts = running_counts(word);
#if HWY_TARGET == HWY_SCALAR
  for (unsigned i = 0; i < 8; ++i) {
    std::uint16_t* place = out + (i == 0 ? 0 : counts >> (8 * i - 8) & 0xffU);
    for (const std::uint8_t bit : byte_lists[word >> (8 * i) & 0xffU])
      *place++ = static_cast<std::uint16_t>(base + event_number(8 * i) + bit);
  }
#else
  const hn::CappedTag<std::uint16_t, 8> d;
  const hn::Rebind<std::uint8_t, decltype(d)> narrow;
  const auto eight = hn::Set(d, event_number(8));
  auto first = hn::Set(d, base);
  for (unsigned i = 0; i < 8; ++i, first = hn::Add(first, eight)) {
    std::uint16_t* place = out + (i == 0 ? 0 : counts >> (8 * i - 8) & 0xffU);
    const auto bits = hn::PromoteTo(d, hn::Load(narrow, byte_lists[word >> (8 * i) & 0xffU].data()));
    hn::StoreU(hn::Add(bits, first), d, place);
  }
#endif
  return static_cast<std::int64_t>(counts >> 56);
}

void list_pixels(const PixelRun& run, std::uint16_t* entries, std::uint32_t* first) {
  std::uint16_t* out = entries + first[0];
  const std::uint64_t* bits = run.bits;
  std::uint16_t base = run.base;
  for (std::int64_t p = 0; p < run.pixels; ++p) {
    for (std::int64_t w = 0; w < run.words; ++w) {
      const std::uint64_t word = *bits++;
      if (word != 0) out += list_word(word, static_cast<std::uint16_t>(base + event_number(64 * w)), out);
    }
    base = static_cast<std::uint16_t>(base + run.step);
    first[p + 1] = static_cast<std::uint32_t>(out - entries);
  }
}

// Copies `count` entries, each plus `shift`, in whole blocks: few spikes share a kernel row, and one block
// costs less than a loop of the right length.
HWY_INLINE void copy_shifted(const std::uint16_t* HWY_RESTRICT from, std::int64_t count, std::uint16_t shift,
                             std::uint16_t* HWY_RESTRICT out) {
  const hn::CappedTag<std::uint16_t, 32> d;
  constexpr std::int64_t n = hn::MaxLanes(hn::CappedTag<std::uint16_t, 32>());
  const auto shifts = hn::Set(d, shift);
  for (std::int64_t done = 0; done < count; done += list_slack) {
    for (std::int64_t i = 0; i < list_slack; i += n)
      hn::StoreU(hn::Add(hn::LoadU(d, from + done + i), shifts), d, out + done + i);
  }
}

void list_windows(const WindowRun& run, std::uint16_t* events, std::uint32_t* first) {
  // Copies of what every window needs: the compiler takes a list for a place that may change it.
  const std::uint16_t* const entries = run.entries;
  const WindowRow* const rows = run.rows;
  const WindowRow* const rows_end = rows + run.row_count;
  const std::int64_t taps = run.taps, width = run.width, stride = run.stride, windows = run.windows;
  const std::uint16_t channels = run.channels;
  const hn::CappedTag<std::uint16_t, event_multiple> padding;
  const auto zero_rows = hn::Set(padding, run.zero_row);
  std::uint16_t* out = events + first[0];
  std::int64_t left = run.left;
  for (std::int64_t w = 0; w < windows; ++w, left += stride) {
    const std::uint16_t* begin = out;
    for (const WindowRow* row = rows; row != rows_end; ++row) {
      const std::int64_t x = left + row->offset;
      const std::uint32_t from = row->first[std::clamp<std::int64_t>(x, 0, width)];
      const std::uint32_t to = row->first[std::clamp<std::int64_t>(x + taps, 0, width)];
      const auto shift = static_cast<std::uint16_t>(row->number - static_cast<std::uint32_t>(x) * channels);
      copy_shifted(entries + from, to - from, shift, out);
      out += to - from;
    }
    for (std::int64_t i = 0; i < event_multiple; i += hn::MaxLanes(padding))
      hn::StoreU(zero_rows, padding, out + i);
    out += (begin - out) & (event_multiple - 1);
    first[w + 1] = static_cast<std::uint32_t>(out - events);
  }
}

}  // namespace rheobase::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace rheobase {

HWY_EXPORT(list_pixels);
HWY_EXPORT(list_windows);

void list_pixels(const PixelRun& run, std::uint16_t* entries, std::uint32_t* first) {
  HWY_DYNAMIC_DISPATCH(list_pixels)(run, entries, first);
}
void list_windows(const WindowRun& run, std::uint16_t* events, std::uint32_t* first) {
  HWY_DYNAMIC_DISPATCH(list_windows)(run, events, first);
}

}  // namespace rheobase
#endif  // HWY_ONCE
