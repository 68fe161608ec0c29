#include "sim/op/synapse/fixed_depthwise_rows.h"

#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "sim/op/synapse/fixed_depthwise_rows.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h, as Highway requires.
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
// Processors of this target have VNNI, which Highway does not enable.
#if HWY_TARGET == HWY_AVX3_DL
#if HWY_COMPILER_CLANG
#pragma clang attribute push(__attribute__((target("avx512vnni"))), apply_to = function)
#else
#pragma GCC target("avx512vnni")
#endif
#endif
namespace rheobase::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET == HWY_SCALAR

template <int Width>
void sum_positions(const FixedDepthwiseRun& run, std::int32_t* out) {
  for (std::int64_t p = 0; p < run.positions; ++p, out += run.width) {
    for (std::int64_t c = 0; c < run.width; ++c) {
      std::int32_t sum = run.start[c];
      for (std::int64_t t = 0; t < run.tap_count; ++t)
        sum += run.weights[t * run.weight_step + c] * run.inputs[run.taps[t] + p * run.step + c];
      out[c] = sum >> run.shift;
    }
  }
}

#else

// At most 32 channels at once, and no more than a plane has.
template <int Width>
using Shorts = hn::CappedTag<std::int16_t, (Width < 32 ? Width : 32)>;
template <int Width>
using Sums = hn::Repartition<std::int32_t, Shorts<Width> >;

// sum[i] + weights[2 i] * x[2 i] + weights[2 i + 1] * x[2 i + 1]
template <class D, class V, class S>
HWY_INLINE S add_pairs(D d, V weights, V x, S sum) {
#if HWY_TARGET == HWY_AVX3_DL
  if constexpr (sizeof(sum.raw) == 64) return S{_mm512_dpwssd_epi32(sum.raw, weights.raw, x.raw)};
#endif
#if HWY_ARCH_X86
  // One multiplication on every x86 target: the pairs of a vector become one sum each.
  S none = hn::Zero(d);
  return hn::ReorderWidenMulAccumulate(d, weights, x, sum, none);
#else
  // By halves of a word, as other processors add other pairs.
  const auto low = [](V v) { return hn::ShiftRight<16>(hn::ShiftLeft<16>(hn::BitCast(D(), v))); };
  const auto high = [](V v) { return hn::ShiftRight<16>(hn::BitCast(D(), v)); };
  return hn::Add(sum, hn::Add(hn::Mul(low(weights), low(x)), hn::Mul(high(weights), high(x))));
#endif
}

// Two vectors of sums as interleaving left them, in the order of the channels: `low` has the first four of
// every eight, `high` the others.
template <class D, class S>
HWY_INLINE void in_order(D d, S& low, S& high) {
  constexpr std::int64_t n = hn::MaxLanes(D());
  if constexpr (n == 8) {
    const S first = hn::ConcatLowerLower(d, high, low);
    high = hn::ConcatUpperUpper(d, high, low);
    low = first;
  }
#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX3_DL
  if constexpr (n == 16) {
    const __m512i front = _mm512_set_epi64(11, 10, 3, 2, 9, 8, 1, 0);
    const __m512i back = _mm512_set_epi64(15, 14, 7, 6, 13, 12, 5, 4);
    const S first{_mm512_permutex2var_epi64(low.raw, front, high.raw)};
    high = S{_mm512_permutex2var_epi64(low.raw, back, high.raw)};
    low = first;
  }
#endif
}

// Some positions by one vector of channels from `c` on. Pairs of taps are interleaved, so that one
// instruction multiplies and adds two of them.
template <int Width, int Positions>
HWY_INLINE void sum_block(const FixedDepthwiseRun& run, std::int64_t position, std::int64_t c,
                          std::int32_t* out) {
  const Shorts<Width> d;
  const Sums<Width> wide;
  using S = hn::Vec<Sums<Width> >;
  constexpr std::int64_t n = hn::MaxLanes(Sums<Width>());
  S low[Positions], high[Positions];
  for (int p = 0; p < Positions; ++p) low[p] = high[p] = hn::Zero(wide);
  const std::int16_t* x = run.inputs + position * run.step + c;
  const std::int16_t* weights = run.weights + c;
  for (std::int64_t t = 0; t < run.tap_count; t += 2, weights += 2 * run.weight_step) {
    const auto first = hn::LoadU(d, weights);
    const auto second = hn::LoadU(d, weights + run.weight_step);
    const auto low_weights = hn::InterleaveLower(d, first, second);
    const auto high_weights = hn::InterleaveUpper(d, first, second);
    for (int p = 0; p < Positions; ++p) {
      const auto one = hn::LoadU(d, x + run.taps[t] + p * run.step);
      const auto other = hn::LoadU(d, x + run.taps[t + 1] + p * run.step);
      low[p] = add_pairs(wide, low_weights, hn::InterleaveLower(d, one, other), low[p]);
      high[p] = add_pairs(wide, high_weights, hn::InterleaveUpper(d, one, other), high[p]);
    }
  }
  for (int p = 0; p < Positions; ++p) {
    in_order(wide, low[p], high[p]);
    std::int32_t* target = out + (position + p) * Width + c;
    const auto front = hn::Add(low[p], hn::LoadU(wide, run.start + c));
    const auto back = hn::Add(high[p], hn::LoadU(wide, run.start + c + n));
    hn::StoreU(hn::ShiftRightSame(front, run.shift), wide, target);
    hn::StoreU(hn::ShiftRightSame(back, run.shift), wide, target + n);
  }
}

template <int Width, int Positions>
HWY_INLINE void sum_channels(const FixedDepthwiseRun& run, std::int64_t position, std::int32_t* out) {
  constexpr std::int64_t n = hn::MaxLanes(Shorts<Width>());
  for (std::int64_t c = 0; c < Width; c += n) sum_block<Width, Positions>(run, position, c, out);
}

template <int Width>
void sum_positions(const FixedDepthwiseRun& run, std::int32_t* out) {
  std::int64_t p = 0;
  for (; p + 4 <= run.positions; p += 4) sum_channels<Width, 4>(run, p, out);
  for (; p + 2 <= run.positions; p += 2) sum_channels<Width, 2>(run, p, out);
  if (p < run.positions) sum_channels<Width, 1>(run, p, out);
}

#endif

void sum_fixed_depthwise(const FixedDepthwiseRun& run, std::int32_t* out) {
  switch (run.width) {
    case 16:
      return sum_positions<16>(run, out);
    case 32:
      return sum_positions<32>(run, out);
    default:
      return sum_positions<64>(run, out);
  }
}

void spread_spikes(const std::uint64_t* words, std::int64_t count, std::int16_t* out) {
  const hn::CappedTag<std::int16_t, 32> d;
  constexpr std::int64_t n = hn::MaxLanes(hn::CappedTag<std::int16_t, 32>());
  for (std::int64_t w = 0; w < count; ++w) {
    for (std::int64_t b = 0; b < 64; b += n, out += n) {
      const std::uint64_t word = words[w] >> b;
      std::uint8_t bits[8];  // LoadMaskBits may read all of them
      std::memcpy(bits, &word, sizeof(bits));
      hn::StoreU(hn::IfThenElseZero(hn::LoadMaskBits(d, bits), hn::Set(d, std::int16_t{1})), d, out);
    }
  }
}

}  // namespace rheobase::HWY_NAMESPACE
#if HWY_TARGET == HWY_AVX3_DL && HWY_COMPILER_CLANG
#pragma clang attribute pop
#endif
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace rheobase {

HWY_EXPORT(sum_fixed_depthwise);
HWY_EXPORT(spread_spikes);

void sum_fixed_depthwise(const FixedDepthwiseRun& run, std::int32_t* out) {
  HWY_DYNAMIC_DISPATCH(sum_fixed_depthwise)(run, out);
}
void spread_spikes(const std::uint64_t* words, std::int64_t count, std::int16_t* out) {
  HWY_DYNAMIC_DISPATCH(spread_spikes)(words, count, out);
}

}  // namespace rheobase
#endif  // HWY_ONCE
