#include "sim/op/synapse/fixed_rows.h"

#include <algorithm>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "sim/op/synapse/fixed_rows.cpp"
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
void sum_position(const std::uint8_t* rows, const std::uint16_t* events, std::int64_t count,
                  const std::int32_t* start, std::int32_t* out) {
  if (start != out) std::memcpy(out, start, Width * sizeof(std::int32_t));
  for (std::int64_t i = 0; i < count; ++i) {
    const std::uint8_t* row = rows + std::int64_t{events[i]} * (Width / event_unit);
    for (std::int64_t c = 0; c < Width / 2; ++c) {
      out[c] += row[2 * c] - 128;
      out[Width / 2 + c] += row[2 * c + 1] - 128;
    }
  }
}

#else

// Seen as 16-bit words, a row's bytes are two columns each, in one vector or two.
template <int Width>
using Words = hn::CappedTag<std::uint16_t, Width / 2>;

// Pins a vector to a register. Left alone, compilers read a row twice rather than once, or keep the sums of
// a loop on the stack.
template <class V>
HWY_INLINE void keep(V& vector) {
#if HWY_ARCH_X86 && (HWY_COMPILER_GCC || HWY_COMPILER_CLANG)
  asm("" : "+v"(vector.raw));
#else
  (void)vector;
#endif
}

// Adds 16-bit sums, less their bias, to 32-bit ones.
template <class D, class V>
HWY_INLINE void widen(D /*d*/, V sums, V bias, const std::int32_t* start, std::int32_t* out) {
  const hn::RebindToSigned<D> narrow;
  const hn::Repartition<std::int32_t, D> wide;
  const hn::Half<decltype(narrow)> half;
  const std::int64_t n = hn::MaxLanes(wide);
  const auto weights = hn::BitCast(narrow, hn::Sub(sums, bias));
  const auto low = hn::PromoteTo(wide, hn::LowerHalf(half, weights));
  const auto high = hn::PromoteTo(wide, hn::UpperHalf(half, weights));
  hn::StoreU(hn::Add(hn::LoadU(wide, start), low), wide, out);
  hn::StoreU(hn::Add(hn::LoadU(wide, start + n), high), wide, out + n);
}

// The sum of many unsigned bytes at less than two instructions a byte more than reading it: a tree of
// rounding means adds eight rows in bytes, and only its result is widened. A mean is (a + b + e) / 2 with e
// 0 or 1, so 8 * mean of eight is their sum + at most 12. What all means rounded up is found from the sum
// modulo 256, which adding bytes gives exactly: it is the only number below 256 that fits.
constexpr std::int64_t most_mean_error = 12;
constexpr std::int64_t events_before_widening = 255 / most_mean_error * 8;
static_assert(events_before_widening * 255 < 1 << 16);

template <int Width>
class ByteSums {
 public:
  static constexpr Words<Width> d{};
  using V = hn::Vec<Words<Width> >;

  // Not by default: code that a compiler generates lacks the target's attributes.
  HWY_INLINE ByteSums() : words_(hn::Zero(d)), high_(hn::Zero(d)), bytes_(hn::Zero(bytes)) {}

  // `rows` is the vector's place in the first row.
  HWY_INLINE void add_eight(const std::uint8_t* rows, const std::uint16_t* events) {
    const auto first = mean_of_four(rows, events);
    const auto second = mean_of_four(rows, events + 4);
    const auto both = hn::BitCast(d, hn::AverageRound(first, second));
    words_ = hn::Add(words_, both);
    keep(words_);
    high_ = hn::Add(high_, hn::ShiftRight<8>(both));
    keep(high_);
  }
  // Adds the sums to 32-bit ones: low bytes belong to the columns at `start`, high bytes to those Width / 2
  // behind.
  HWY_INLINE void finish(std::int64_t rows, const std::int32_t* start, std::int32_t* out) const {
    const auto byte = hn::Set(d, std::uint16_t{255});
    const auto bias = hn::Set(d, static_cast<std::uint16_t>(128 * rows));
    const auto exact = hn::BitCast(d, bytes_);
    const auto low = hn::ShiftLeft<3>(hn::Sub(words_, hn::ShiftLeft<8>(high_)));
    const auto high = hn::ShiftLeft<3>(high_);
    const auto low_error = hn::And(hn::Sub(low, exact), byte);
    const auto high_error = hn::And(hn::Sub(high, hn::ShiftRight<8>(exact)), byte);
    widen(d, hn::Sub(low, low_error), bias, start, out);
    widen(d, hn::Sub(high, high_error), bias, start + Width / 2, out + Width / 2);
  }

 private:
  static constexpr hn::Repartition<std::uint8_t, Words<Width> > bytes{};
  using Bytes = hn::Vec<hn::Repartition<std::uint8_t, Words<Width> > >;

  HWY_INLINE Bytes mean_of_two(const std::uint8_t* rows, const std::uint16_t* events) {
    auto a = hn::Load(bytes, rows + std::int64_t{events[0]} * (Width / event_unit));
    auto b = hn::Load(bytes, rows + std::int64_t{events[1]} * (Width / event_unit));
    keep(a);
    keep(b);
    bytes_ = hn::Add(bytes_, a);
    keep(bytes_);
    bytes_ = hn::Add(bytes_, b);
    keep(bytes_);
    return hn::AverageRound(a, b);
  }
  HWY_INLINE Bytes mean_of_four(const std::uint8_t* rows, const std::uint16_t* events) {
    const auto first = mean_of_two(rows, events);
    const auto second = mean_of_two(rows, events + 2);
    auto mean = hn::AverageRound(first, second);
    keep(mean);
    return mean;
  }

  V words_;      // of means, modulo 2^16: both columns
  V high_;       // of the means' high bytes
  Bytes bytes_;  // of the rows themselves, modulo 256
};

// One or two vectors of every row, from byte 2 * column on.
template <int Width, int Vectors>
HWY_INLINE void sum_columns(const std::uint8_t* rows, const std::uint16_t* events, std::int64_t count,
                            const std::int32_t* start, std::int32_t* out) {
  constexpr std::int64_t n = hn::MaxLanes(Words<Width>());
  while (count > 0) {
    const std::int64_t now = std::min(count, events_before_widening);
    ByteSums<Width> first, second;
    static_assert(event_multiple == 8);
    for (std::int64_t i = 0; i < now; i += 8) {
      first.add_eight(rows, events + i);
      if constexpr (Vectors == 2) second.add_eight(rows + 2 * n, events + i);
    }
    first.finish(now, start, out);
    if constexpr (Vectors == 2) second.finish(now, start + n, out + n);
    start = out;
    events += now;
    count -= now;
  }
}

template <int Width>
HWY_INLINE void sum_position(const std::uint8_t* rows, const std::uint16_t* events, std::int64_t count,
                             const std::int32_t* start, std::int32_t* out) {
  constexpr std::int64_t n = hn::MaxLanes(Words<Width>());
  constexpr int vectors = Width / 2 > n ? 2 : 1;
  if (count == 0 && start != out) std::memcpy(out, start, Width * sizeof(std::int32_t));
  for (std::int64_t column = 0; column < Width / 2; column += vectors * n)  // once where vectors are long
    sum_columns<Width, vectors>(rows + 2 * column, events, count, start + column, out + column);
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

using Sums = hn::CappedTag<std::int32_t, 16>;
constexpr std::int64_t sum_lanes = hn::MaxLanes(Sums());
// Positions by columns whose sums stay in registers and hide each other's latency: 8 vectors where there are
// 16 registers, 16 where there are 32.
constexpr bool many_registers = sum_lanes == 16;
constexpr int block_positions = many_registers ? 8 : 4;
constexpr std::int64_t block_columns = many_registers ? 32 : 16;

// sum[i] + the products of four consecutive bytes: weights[4 i + j] * x[j], x in [0, 128].
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
#if HWY_TARGET == HWY_AVX3_DL
  return hn::Vec<Sums>{
      _mm512_dpwssd_epi32(sum.raw, _mm512_set1_epi32(static_cast<int>(x)), _mm512_loadu_si512(weights))};
#elif HWY_TARGET == HWY_AVX3
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

// Some positions by some columns in registers. `weights` and `out` start at the block's first column; a
// column's weights of one step are 4 bytes, and so are a position's inputs.
template <int Positions, std::int64_t Columns, class Weight, class Input>
HWY_INLINE void multiply_block(const Weight* weights, std::int64_t width, const Input* const* places,
                               const InputPieces& pieces, const std::int32_t* start, std::int32_t* out) {
  const Sums d;
  constexpr std::int64_t together = 4 / sizeof(Weight);
  constexpr int vectors = static_cast<int>(Columns / sum_lanes);
  const Input* x[Positions];
  hn::Vec<Sums> sum[Positions][vectors];
  for (int p = 0; p < Positions; ++p) {
    x[p] = places[p];
    for (int v = 0; v < vectors; ++v) sum[p][v] = hn::LoadU(d, start + v * sum_lanes);
  }
  for (std::int64_t piece = 0; piece < pieces.count; ++piece) {
    const std::int64_t end = pieces.offsets[piece] + pieces.length;
    for (std::int64_t k = pieces.offsets[piece]; k < end; k += together, weights += together * width) {
      for (int p = 0; p < Positions; ++p) {
        std::uint32_t inputs;
        std::memcpy(&inputs, x[p] + k, sizeof(inputs));
        for (int v = 0; v < vectors; ++v)
          sum[p][v] = add_products(weights + v * sum_lanes * together, inputs, sum[p][v]);
      }
    }
  }
  for (int p = 0; p < Positions; ++p) {
    for (int v = 0; v < vectors; ++v) hn::StoreU(sum[p][v], d, out + p * width + v * sum_lanes);
  }
}

template <std::int64_t Columns, class Weight, class Input>
HWY_INLINE void multiply_columns(const Weight* weights, std::int64_t width, const Input* const* places,
                                 const InputPieces& pieces, std::int64_t positions, const std::int32_t* start,
                                 std::int32_t* out) {
  std::int64_t p = 0;
  for (; p + block_positions <= positions; p += block_positions)
    multiply_block<block_positions, Columns>(weights, width, places + p, pieces, start, out + p * width);
  for (; p + 2 <= positions; p += 2)
    multiply_block<2, Columns>(weights, width, places + p, pieces, start, out + p * width);
  if (p < positions) multiply_block<1, Columns>(weights, width, places + p, pieces, start, out + p * width);
}

template <class Weight, class Input>
void multiply(const Weight* weights, std::int64_t width, const Input* const* places,
              const InputPieces& pieces, std::int64_t positions, const std::int32_t* start,
              std::int32_t* out) {
  constexpr std::int64_t together = 4 / sizeof(Weight);
  std::int64_t c = 0;
  for (; c + block_columns <= width; c += block_columns)
    multiply_columns<block_columns>(weights + c * together, width, places, pieces, positions, start + c,
                                    out + c);
  if (c < width)
    multiply_columns<16>(weights + c * together, width, places, pieces, positions, start + c, out + c);
}

void multiply_bytes(const std::int8_t* weights, std::int64_t width, const std::uint8_t* const* places,
                    const InputPieces& pieces, std::int64_t positions, const std::int32_t* start,
                    std::int32_t* out) {
  multiply(weights, width, places, pieces, positions, start, out);
}

void multiply_shorts(const std::int16_t* weights, std::int64_t width, const std::int16_t* const* places,
                     const InputPieces& pieces, std::int64_t positions, const std::int32_t* start,
                     std::int32_t* out) {
  multiply(weights, width, places, pieces, positions, start, out);
}

void shorts_as_bytes(const std::int16_t* values, std::int64_t count, std::int16_t zero, std::uint8_t* out) {
  const hn::CappedTag<std::int16_t, 32> d;
  const hn::Rebind<std::uint8_t, decltype(d)> bytes;
  constexpr std::int64_t n = hn::MaxLanes(d);
  const auto shift = hn::Set(d, zero);
  std::int64_t i = 0;
  for (; i + n <= count; i += n)
    hn::StoreU(hn::DemoteTo(bytes, hn::Add(hn::LoadU(d, values + i), shift)), bytes, out + i);
  for (; i < count; ++i) out[i] = static_cast<std::uint8_t>(values[i] + zero);
}

}  // namespace rheobase::HWY_NAMESPACE
#if HWY_TARGET == HWY_AVX3_DL && HWY_COMPILER_CLANG
#pragma clang attribute pop
#endif
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace rheobase {

HWY_EXPORT(sum_events);
HWY_EXPORT(multiply_bytes);
HWY_EXPORT(multiply_shorts);
HWY_EXPORT(shorts_as_bytes);

void sum_events(const EventPlane& plane, const EventLists& lists, std::int64_t positions,
                const std::int32_t* start, std::int32_t* out) {
  HWY_DYNAMIC_DISPATCH(sum_events)(plane, lists, positions, start, out);
}
void multiply_dense(const std::int8_t* weights, std::int64_t width, const std::uint8_t* const* places,
                    const InputPieces& pieces, std::int64_t positions, const std::int32_t* start,
                    std::int32_t* out) {
  HWY_DYNAMIC_DISPATCH(multiply_bytes)(weights, width, places, pieces, positions, start, out);
}
void multiply_dense(const std::int16_t* weights, std::int64_t width, const std::int16_t* const* places,
                    const InputPieces& pieces, std::int64_t positions, const std::int32_t* start,
                    std::int32_t* out) {
  HWY_DYNAMIC_DISPATCH(multiply_shorts)(weights, width, places, pieces, positions, start, out);
}
void shorts_as_bytes(const std::int16_t* values, std::int64_t count, std::int16_t zero, std::uint8_t* out) {
  HWY_DYNAMIC_DISPATCH(shorts_as_bytes)(values, count, zero, out);
}

}  // namespace rheobase
#endif  // HWY_ONCE
