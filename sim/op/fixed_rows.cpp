#include "sim/op/fixed_rows.h"

#include <algorithm>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "sim/op/fixed_rows.cpp"
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

// 256 weights within +-127 and the bias of their low bytes fit 16 bits.
constexpr std::int64_t events_before_widening = 256;

#if HWY_TARGET == HWY_SCALAR

template <int Width>
void sum_position(const std::uint8_t* rows, const std::uint16_t* events, std::int64_t count,
                  const std::int32_t* start, std::int32_t* out) {
  if (start != out) std::memcpy(out, start, Width * sizeof(std::int32_t));
  for (std::int64_t i = 0; i < count; ++i) {
    const std::uint8_t* row = rows + std::int64_t{events[i]} * Width;
    for (std::int64_t c = 0; c < Width / 2; ++c) {
      out[c] += row[2 * c] - 128;
      out[Width / 2 + c] += static_cast<std::int8_t>(row[2 * c + 1]);
    }
  }
}

#else

// Half a row of columns: as many 16-bit lanes as a row has words, in one vector or more.
template <int Width>
using Words = hn::CappedTag<std::int16_t, Width / 2>;

// Adds 16-bit sums to the 32-bit sums of as many columns.
template <class D, class V>
HWY_INLINE void widen(D /*d*/, V sums, const std::int32_t* start, std::int32_t* out) {
  const hn::Repartition<std::int32_t, D> wide;
  const hn::Half<D> half;
  const std::int64_t n = hn::MaxLanes(wide);
  const auto low = hn::PromoteTo(wide, hn::LowerHalf(half, sums));
  const auto high = hn::PromoteTo(wide, hn::UpperHalf(half, sums));
  hn::StoreU(hn::Add(hn::LoadU(wide, start), low), wide, out);
  hn::StoreU(hn::Add(hn::LoadU(wide, start + n), high), wide, out + n);
}

// Sums of 16-bit words hold two columns: the high byte's by an arithmetic shift, and the low byte's, biased
// by 128 to be positive, as what is left of the words' sum modulo 2^16.
template <int Width>
HWY_INLINE void sum_position(const std::uint8_t* rows, const std::uint16_t* events, std::int64_t count,
                             const std::int32_t* start, std::int32_t* out) {
  const Words<Width> d;
  constexpr std::int64_t n = hn::MaxLanes(Words<Width>());
  constexpr int vectors = static_cast<int>(Width / 2 / n);
  if (count == 0 && start != out) std::memcpy(out, start, Width * sizeof(std::int32_t));
  while (count > 0) {
    const std::int64_t now = std::min(count, events_before_widening);
    hn::Vec<Words<Width> > words[vectors], high[vectors];
    for (int v = 0; v < vectors; ++v) words[v] = high[v] = hn::Zero(d);
    const auto add_row = [&](std::uint16_t event) HWY_ATTR {
      const auto* row = reinterpret_cast<const std::int16_t*>(rows + std::int64_t{event} * Width);
      for (int v = 0; v < vectors; ++v) {
        const auto both = hn::Load(d, row + v * n);
        words[v] = hn::Add(words[v], both);
        high[v] = hn::Add(high[v], hn::ShiftRight<8>(both));
      }
    };
    for (std::int64_t i = 0; i < now; i += event_multiple) {
      static_assert(event_multiple == 4);
      add_row(events[i]);
      add_row(events[i + 1]);
      add_row(events[i + 2]);
      add_row(events[i + 3]);
    }
    const auto bias = hn::Set(d, static_cast<std::int16_t>(static_cast<std::uint16_t>(now * 128)));
    for (int v = 0; v < vectors; ++v) {
      const auto low = hn::Sub(hn::Sub(words[v], hn::ShiftLeft<8>(high[v])), bias);
      widen(d, low, start + v * n, out + v * n);
      widen(d, high[v], start + Width / 2 + v * n, out + Width / 2 + v * n);
    }
    start = out;
    events += now;
    count -= now;
  }
}

#endif

template <int Width>
void sum_positions(const std::uint8_t* rows, const EventLists& lists, std::int64_t positions,
                   const std::int32_t* start, std::int32_t* out) {
  for (std::int64_t p = 0; p < positions; ++p, out += Width) {
    const std::uint32_t first = lists.first[p];
    const std::int64_t count = lists.first[p + 1] - first;
    sum_position<Width>(rows, lists.events + first, count, start != nullptr ? start : out, out);
  }
}

void sum_events(const EventPlane& plane, const EventLists& lists, std::int64_t positions,
                const std::int32_t* start, std::int32_t* out) {
  switch (plane.width) {
    case 16:
      return sum_positions<16>(plane.rows, lists, positions, start, out);
    case 32:
      return sum_positions<32>(plane.rows, lists, positions, start, out);
    default:
      return sum_positions<64>(plane.rows, lists, positions, start, out);
  }
}

// Sixteen columns at a time, in as many 32-bit lanes as a vector has.
using Sums = hn::CappedTag<std::int32_t, 16>;
constexpr std::int64_t sum_lanes = hn::MaxLanes(Sums());
constexpr int sum_vectors = static_cast<int>(16 / sum_lanes);

// sum[i] + the products of four consecutive bytes: weights[4 i + j] * x[j], x in [0, 127].
HWY_INLINE hn::Vec<Sums> add_four(const std::int8_t* weights, std::uint32_t x, hn::Vec<Sums> sum) {
#if HWY_TARGET == HWY_AVX3_DL
  return hn::Vec<Sums>{
      _mm512_dpbusd_epi32(sum.raw, _mm512_set1_epi32(static_cast<int>(x)), _mm512_loadu_si512(weights))};
#elif HWY_TARGET == HWY_AVX3
  const __m512i pairs =
      _mm512_maddubs_epi16(_mm512_set1_epi32(static_cast<int>(x)), _mm512_loadu_si512(weights));
  return hn::Vec<Sums>{_mm512_add_epi32(sum.raw, _mm512_madd_epi16(pairs, _mm512_set1_epi16(1)))};
#elif HWY_TARGET == HWY_AVX2
  const __m256i four = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(weights));
  const __m256i pairs = _mm256_maddubs_epi16(_mm256_set1_epi32(static_cast<int>(x)), four);
  return hn::Vec<Sums>{_mm256_add_epi32(sum.raw, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)))};
#else
  const Sums d;
  HWY_ALIGN std::int32_t products[16];
  for (std::int64_t i = 0; i < sum_lanes; ++i) {
    products[i] = 0;
    for (int j = 0; j < 4; ++j)
      products[i] += weights[4 * i + j] * static_cast<std::int32_t>(x >> (8 * j) & 0xffU);
  }
  return hn::Add(sum, hn::Load(d, products));
#endif
}

// sum[i] + weights[2 i] * x[0] + weights[2 i + 1] * x[1]
HWY_INLINE hn::Vec<Sums> add_two(const std::int16_t* weights, std::uint32_t x, hn::Vec<Sums> sum) {
#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX3_DL
  const __m512i products =
      _mm512_madd_epi16(_mm512_set1_epi32(static_cast<int>(x)), _mm512_loadu_si512(weights));
  return hn::Vec<Sums>{_mm512_add_epi32(sum.raw, products)};
#elif HWY_TARGET == HWY_AVX2
  const __m256i two = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(weights));
  return hn::Vec<Sums>{
      _mm256_add_epi32(sum.raw, _mm256_madd_epi16(_mm256_set1_epi32(static_cast<int>(x)), two))};
#else
  const Sums d;
  HWY_ALIGN std::int32_t products[16];
  const auto low = static_cast<std::int16_t>(x & 0xffffU);
  const auto high = static_cast<std::int16_t>(x >> 16U);
  for (std::int64_t i = 0; i < sum_lanes; ++i) products[i] = weights[2 * i] * low + weights[2 * i + 1] * high;
  return hn::Add(sum, hn::Load(d, products));
#endif
}

HWY_INLINE hn::Vec<Sums> add_products(const std::int8_t* w, std::uint32_t x, hn::Vec<Sums> sum) {
  return add_four(w, x, sum);
}
HWY_INLINE hn::Vec<Sums> add_products(const std::int16_t* w, std::uint32_t x, hn::Vec<Sums> sum) {
  return add_two(w, x, sum);
}

// Some positions by 16 columns in registers. `weights` and `out` start at the block's first column; a
// column's weights of one step are 4 bytes, and so are a position's inputs.
template <int Positions, class Weight, class Input>
HWY_INLINE void multiply_block(const Weight* weights, std::int64_t width, const Input* x, std::int64_t count,
                               const std::int32_t* start, std::int32_t* out) {
  const Sums d;
  constexpr std::int64_t together = 4 / sizeof(Weight);
  hn::Vec<Sums> sum[Positions][sum_vectors];
  for (int p = 0; p < Positions; ++p) {
    for (int v = 0; v < sum_vectors; ++v) sum[p][v] = hn::LoadU(d, start + v * sum_lanes);
  }
  for (std::int64_t k = 0; k < count; k += together, weights += together * width) {
    for (int p = 0; p < Positions; ++p) {
      std::uint32_t inputs;
      std::memcpy(&inputs, x + p * count + k, sizeof(inputs));
      for (int v = 0; v < sum_vectors; ++v)
        sum[p][v] = add_products(weights + v * sum_lanes * together, inputs, sum[p][v]);
    }
  }
  for (int p = 0; p < Positions; ++p) {
    for (int v = 0; v < sum_vectors; ++v) hn::StoreU(sum[p][v], d, out + p * width + v * sum_lanes);
  }
}

template <class Weight, class Input>
void multiply(const Weight* weights, std::int64_t width, const Input* x, std::int64_t count,
              std::int64_t positions, const std::int32_t* start, std::int32_t* out) {
  for (std::int64_t c = 0; c < width; c += 16) {
    const Weight* block = weights + c * (4 / sizeof(Weight));
    std::int64_t p = 0;
    for (; p + 4 <= positions; p += 4)
      multiply_block<4>(block, width, x + p * count, count, start + c, out + p * width + c);
    for (; p < positions; ++p)
      multiply_block<1>(block, width, x + p * count, count, start + c, out + p * width + c);
  }
}

void multiply_counts(const std::int8_t* weights, std::int64_t width, const std::uint8_t* x,
                     std::int64_t count, std::int64_t positions, const std::int32_t* start,
                     std::int32_t* out) {
  multiply(weights, width, x, count, positions, start, out);
}

void multiply_shorts(const std::int16_t* weights, std::int64_t width, const std::int16_t* x,
                     std::int64_t count, std::int64_t positions, const std::int32_t* start,
                     std::int32_t* out) {
  multiply(weights, width, x, count, positions, start, out);
}

}  // namespace rheobase::HWY_NAMESPACE
#if HWY_TARGET == HWY_AVX3_DL && HWY_COMPILER_CLANG
#pragma clang attribute pop
#endif
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace rheobase {

HWY_EXPORT(sum_events);
HWY_EXPORT(multiply_counts);
HWY_EXPORT(multiply_shorts);

void sum_events(const EventPlane& plane, const EventLists& lists, std::int64_t positions,
                const std::int32_t* start, std::int32_t* out) {
  HWY_DYNAMIC_DISPATCH(sum_events)(plane, lists, positions, start, out);
}
void multiply_counts(const std::int8_t* weights, std::int64_t width, const std::uint8_t* x,
                     std::int64_t count, std::int64_t positions, const std::int32_t* start,
                     std::int32_t* out) {
  HWY_DYNAMIC_DISPATCH(multiply_counts)(weights, width, x, count, positions, start, out);
}
void multiply_shorts(const std::int16_t* weights, std::int64_t width, const std::int16_t* x,
                     std::int64_t count, std::int64_t positions, const std::int32_t* start,
                     std::int32_t* out) {
  HWY_DYNAMIC_DISPATCH(multiply_shorts)(weights, width, x, count, positions, start, out);
}

}  // namespace rheobase
#endif  // HWY_ONCE
