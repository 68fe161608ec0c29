#include "sim/op/spike_bits.h"

#include <array>
#include <bit>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "sim/op/spike_bits.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h, as Highway requires.
#include <hwy/highway.h>

#ifndef RHEOBASE_SIM_OP_SPIKE_BITS
#define RHEOBASE_SIM_OP_SPIKE_BITS
namespace rheobase {

// The set bits of every byte, ascending; what is behind them does not matter.
using ByteLists = std::array<std::array<std::uint8_t, 8>, 256>;
constexpr ByteLists make_byte_lists() {
  ByteLists lists{};
  for (unsigned byte = 0; byte < 256; ++byte) {
    std::size_t count = 0;
    for (std::uint8_t bit = 0; bit < 8; ++bit) {
      if ((byte >> bit & 1U) != 0) lists[byte][count++] = bit;
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

// Appends the list of one byte; `base` numbers its lowest bit. Always writes eight entries.
HWY_INLINE void write_byte(std::uint64_t byte, std::uint16_t base, std::uint16_t* out) {
#if HWY_TARGET == HWY_SCALAR
  for (std::size_t i = 0; i < 8; ++i) out[i] = static_cast<std::uint16_t>(base + byte_lists[byte][i]);
#else
  const hn::CappedTag<std::uint16_t, 8> d;
  const hn::Rebind<std::uint8_t, decltype(d)> narrow;
  const auto bits = hn::PromoteTo(d, hn::Load(narrow, byte_lists[byte].data()));
  hn::StoreU(hn::Add(bits, hn::Set(d, base)), d, out);
#endif
}

// The places of the eight lists come from one multiplication, so nothing waits for a branch or a count.
std::int64_t list_spikes(const std::uint64_t* words, std::int64_t count, std::uint16_t base,
                         std::uint16_t* out) {
  const std::uint16_t* begin = out;
  for (std::int64_t w = 0; w < count; ++w, base = static_cast<std::uint16_t>(base + 64)) {
    const std::uint64_t word = words[w];
    if (word == 0) continue;
    const std::uint64_t counts = running_counts(word);
    write_byte(word & 0xffU, base, out);
    for (unsigned i = 1; i < 8; ++i) {
      write_byte(word >> (8 * i) & 0xffU, static_cast<std::uint16_t>(base + 8 * i),
                 out + (counts >> (8 * i - 8) & 0xffU));
    }
    out += counts >> 56;
  }
  return out - begin;
}

std::uint64_t count_spikes(const std::uint64_t* words, std::int64_t count) {
  std::uint64_t spikes = 0;
  for (std::int64_t w = 0; w < count; ++w) spikes += static_cast<std::uint64_t>(std::popcount(words[w]));
  return spikes;
}

}  // namespace rheobase::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace rheobase {

HWY_EXPORT(list_spikes);
HWY_EXPORT(count_spikes);

std::int64_t list_spikes(const std::uint64_t* words, std::int64_t count, std::uint16_t base,
                         std::uint16_t* out) {
  return HWY_DYNAMIC_DISPATCH(list_spikes)(words, count, base, out);
}
std::uint64_t count_spikes(const std::uint64_t* words, std::int64_t count) {
  return HWY_DYNAMIC_DISPATCH(count_spikes)(words, count);
}

}  // namespace rheobase
#endif  // HWY_ONCE
