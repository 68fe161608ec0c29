#include "sim/op/host/spike_bits.h"

#include <algorithm>
#include <bit>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "sim/op/host/spike_bits.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h, as Highway requires.
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace rheobase::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Lanes of `d` that are set in the lowest bits of `word`.
template <class D>
HWY_INLINE hn::Mask<D> lanes_of(D d, std::uint64_t word) {
  std::uint8_t bits[8];  // LoadMaskBits may read all of them
  std::memcpy(bits, &word, sizeof(bits));
  return hn::LoadMaskBits(d, bits);
}

std::uint64_t count_spikes(const std::uint64_t* words, std::int64_t count) {
  std::uint64_t spikes = 0;
  for (std::int64_t w = 0; w < count; ++w) spikes += static_cast<std::uint64_t>(std::popcount(words[w]));
  return spikes;
}

void count_channels(const std::uint64_t* bits, std::int64_t pixels, std::int64_t words,
                    std::uint32_t* counts) {
  const hn::CappedTag<std::uint8_t, 64> d;
  const hn::CappedTag<std::uint32_t, 16> wide;
  const hn::Rebind<std::uint8_t, decltype(wide)> narrow;
  constexpr std::int64_t n = hn::MaxLanes(hn::CappedTag<std::uint8_t, 64>());
  constexpr std::int64_t vectors = 64 / n;
  constexpr std::int64_t wide_n = hn::MaxLanes(hn::CappedTag<std::uint32_t, 16>());
  constexpr std::int64_t most_pixels = 255;  // that a byte counts
  const auto one = hn::Set(d, std::uint8_t{1});
  for (std::int64_t w = 0; w < words; ++w, counts += 64) {
    for (std::int64_t p = 0; p < pixels;) {
      hn::Vec<decltype(d)> sums[vectors];
      for (std::int64_t v = 0; v < vectors; ++v) sums[v] = hn::Zero(d);
      for (const std::int64_t end = std::min(pixels, p + most_pixels); p < end; ++p) {
        const std::uint64_t word = bits[p * words + w];
        for (std::int64_t v = 0; v < vectors; ++v)
          sums[v] = hn::Add(sums[v], hn::IfThenElseZero(lanes_of(d, word >> (v * n)), one));
      }
      HWY_ALIGN std::uint8_t bytes[64];
      for (std::int64_t v = 0; v < vectors; ++v) hn::Store(sums[v], d, bytes + v * n);
      for (std::int64_t c = 0; c < 64; c += wide_n)
        hn::StoreU(hn::Add(hn::LoadU(wide, counts + c), hn::PromoteTo(wide, hn::LoadU(narrow, bytes + c))),
                   wide, counts + c);
    }
  }
}

#if HWY_TARGET == HWY_SCALAR

std::uint64_t weigh_spikes(const std::uint64_t* words, std::int64_t count, const std::uint16_t* weight,
                           std::uint16_t /*most*/) {
  std::uint64_t sum = 0;
  for (std::int64_t w = 0; w < count; ++w) {
    for (std::uint64_t rest = words[w]; rest != 0; rest &= rest - 1)
      sum += weight[64 * w + std::countr_zero(rest)];
  }
  return sum;
}

#else

std::uint64_t weigh_spikes(const std::uint64_t* words, std::int64_t count, const std::uint16_t* weight,
                           std::uint16_t most) {
  const hn::CappedTag<std::uint16_t, 32> d;
  const hn::RepartitionToWide<decltype(d)> wide;
  constexpr std::int64_t n = hn::MaxLanes(hn::CappedTag<std::uint16_t, 32>());
  constexpr std::int64_t vectors = 64 / n;
  // Sums of 16 bits move on to 32 bits before they overflow, and those to the total.
  const std::int64_t words_at_once = 0xffff / std::max<std::int64_t>(1, most);
  constexpr std::int64_t moves_before_overflow = (1LL << 32) / (2 * 0x10000 * vectors);
  std::uint64_t total = 0;
  for (std::int64_t w = 0; w < count;) {
    auto sum = hn::Zero(wide);
    for (std::int64_t move = 0; move < moves_before_overflow && w < count; ++move) {
      hn::Vec<decltype(d)> sums[vectors];
      for (std::int64_t v = 0; v < vectors; ++v) sums[v] = hn::Zero(d);
      for (const std::int64_t end = std::min(count, w + words_at_once); w < end; ++w) {
        for (std::int64_t v = 0; v < vectors; ++v) {
          const auto some = hn::LoadU(d, weight + 64 * w + v * n);
          sums[v] = hn::Add(sums[v], hn::IfThenElseZero(lanes_of(d, words[w] >> (v * n)), some));
        }
      }
      for (std::int64_t v = 0; v < vectors; ++v) {
        const auto pairs = hn::BitCast(wide, sums[v]);
        sum = hn::Add(sum, hn::Add(hn::And(pairs, hn::Set(wide, 0xffffU)), hn::ShiftRight<16>(pairs)));
      }
    }
    HWY_ALIGN std::uint32_t lanes[16];
    hn::Store(sum, wide, lanes);
    for (std::int64_t i = 0; i < n / 2; ++i) total += lanes[i];
  }
  return total;
}

#endif

void spread_spikes(const SpikePixels& spikes, std::uint8_t* out) {
  const hn::CappedTag<std::uint8_t, 64> d;
  constexpr std::int64_t n = hn::MaxLanes(hn::CappedTag<std::uint8_t, 64>());
  const auto one = hn::Set(d, std::uint8_t{1});
  const std::uint64_t* words = spikes.bits;
  for (std::int64_t p = 0; p < spikes.pixels; ++p, words += spikes.words, out += spikes.channels) {
    for (std::int64_t c = 0; c < spikes.channels; c += n)
      hn::StoreU(hn::IfThenElseZero(lanes_of(d, words[c / 64] >> (c % 64)), one), d, out + c);
  }
}

void add_where_spiked(const std::uint64_t* words, std::int64_t word_stride, std::int64_t pixels,
                      const std::int32_t* scale, const std::int32_t* shift, std::int64_t width,
                      std::int32_t* sums) {
  const hn::CappedTag<std::int32_t, 16> d;
  constexpr std::int64_t n = hn::MaxLanes(hn::CappedTag<std::int32_t, 16>());
  for (std::int64_t p = 0; p < pixels; ++p, sums += width) {
    const std::uint64_t word = words[p * word_stride];
    for (std::int64_t c = 0; c < width; c += n) {
      const auto added = hn::IfThenElseZero(lanes_of(d, word >> c), hn::LoadU(d, scale + c));
      const auto sum = hn::Add(hn::LoadU(d, sums + c), hn::LoadU(d, shift + c));
      hn::StoreU(hn::Add(sum, added), d, sums + c);
    }
  }
}

}  // namespace rheobase::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace rheobase {

HWY_EXPORT(count_spikes);
HWY_EXPORT(count_channels);
HWY_EXPORT(weigh_spikes);
HWY_EXPORT(spread_spikes);
HWY_EXPORT(add_where_spiked);

std::uint64_t count_spikes(const std::uint64_t* words, std::int64_t count) {
  return HWY_DYNAMIC_DISPATCH(count_spikes)(words, count);
}
void count_by_channel(const std::uint64_t* bits, std::int64_t pixels, std::int64_t words,
                      std::uint32_t* counts) {
  HWY_DYNAMIC_DISPATCH(count_channels)(bits, pixels, words, counts);
}
std::uint64_t weigh_spikes(const std::uint64_t* words, std::int64_t count, const std::uint16_t* weight,
                           std::uint16_t most) {
  return HWY_DYNAMIC_DISPATCH(weigh_spikes)(words, count, weight, most);
}
void spread_spikes(const SpikePixels& spikes, std::uint8_t* out) {
  HWY_DYNAMIC_DISPATCH(spread_spikes)(spikes, out);
}
void add_where_spiked(const std::uint64_t* words, std::int64_t word_stride, std::int64_t pixels,
                      const std::int32_t* scale, const std::int32_t* shift, std::int64_t width,
                      std::int32_t* sums) {
  HWY_DYNAMIC_DISPATCH(add_where_spiked)(words, word_stride, pixels, scale, shift, width, sums);
}

}  // namespace rheobase
#endif  // HWY_ONCE
