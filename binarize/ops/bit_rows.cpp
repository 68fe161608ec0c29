#include "binarize/ops/bit_rows.h"

#include <algorithm>
#include <bit>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "binarize/ops/bit_rows.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h, as Highway requires.
#include <hwy/highway.h>

#ifndef RHEOBASE_BIT_TABLES
#define RHEOBASE_BIT_TABLES
namespace rheobase {

// Row v, byte w: how many of the four products of inputs v and weights w are -1. Row 16 counts nothing.
struct BitTable {
  static constexpr std::int64_t row_bytes = 16;
  alignas(64) std::uint8_t bytes[17 * row_bytes] = {};

  constexpr explicit BitTable(BitInput input) {
    for (unsigned v = 0; v < 16; ++v) {
      for (unsigned w = 0; w < 16; ++w) {
        const unsigned negative = input == BitInput::signs ? v ^ w : v & ~w;
        bytes[v * row_bytes + w] = static_cast<std::uint8_t>(std::popcount(negative));
      }
    }
  }
};
inline constexpr BitTable sign_table(BitInput::signs);
inline constexpr BitTable spike_table(BitInput::spikes);

inline const std::uint8_t* table_of(BitInput input) {
  return (input == BitInput::signs ? sign_table : spike_table).bytes;
}

}  // namespace rheobase
#endif

HWY_BEFORE_NAMESPACE();
namespace rheobase::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

void encode_words(const std::uint64_t* words, std::int64_t pixels, std::int64_t words_per_pixel,
                  std::int64_t bytes, std::uint16_t* out) {
  const auto* in = reinterpret_cast<const std::uint8_t*>(words);
  for (std::int64_t p = 0; p < pixels; ++p, in += words_per_pixel * 8, out += 2 * bytes) {
#if HWY_TARGET == HWY_SCALAR
    for (std::int64_t i = 0; i < bytes; ++i) {
      out[i] = static_cast<std::uint16_t>((in[i] & 15) << 4);
      out[bytes + i] = static_cast<std::uint16_t>(in[i] & 240);
    }
#else
    // Whole blocks: what the first half writes too much the second overwrites, and that the next pixel.
    const hn::CappedTag<std::uint16_t, 8> d;
    const hn::Rebind<std::uint8_t, decltype(d)> narrow;
    constexpr std::int64_t n = 8;
    static_assert(hn::MaxLanes(hn::CappedTag<std::uint16_t, 8>()) == n);
    for (std::int64_t i = 0; i < bytes; i += n) {
      const auto byte = hn::PromoteTo(d, hn::LoadU(narrow, in + i));
      hn::StoreU(hn::ShiftLeft<4>(hn::And(byte, hn::Set(d, 15))), d, out + i);
    }
    for (std::int64_t i = 0; i < bytes; i += n) {
      const auto byte = hn::PromoteTo(d, hn::LoadU(narrow, in + i));
      hn::StoreU(hn::And(byte, hn::Set(d, 240)), d, out + bytes + i);
    }
#endif
  }
}

#if HWY_TARGET == HWY_SCALAR

template <int Width>
void sum_by_table(const std::uint8_t* table, const BitPlane& plane, std::span<const CodeRun> runs,
                  const BitPixels& pixels, std::int64_t count) {
  for (std::int64_t p = 0; p < count; ++p) {
    std::int32_t* sums = pixels.sums + p * Width;
    std::fill_n(sums, Width, pixels.start[p]);
    const auto* w = reinterpret_cast<const std::uint8_t*>(plane.weights);
    for (const CodeRun& run : runs) {
      const auto* codes = reinterpret_cast<const std::uint16_t*>(pixels.codes[p]) + run.first;
      for (std::int64_t i = 0; i < run.steps; ++i, w += Width) {
        const std::uint8_t* row = table + codes[i];
        for (std::int64_t c = 0; c < Width / 2; ++c) {
          sums[c] -= 2 * row[w[2 * c]];
          sums[Width / 2 + c] -= 2 * row[w[2 * c + 1]];
        }
      }
    }
  }
}

template <int Width>
void sum_by_words(BitInput input, const BitPlane& plane, std::span<const CodeRun> runs,
                  const BitPixels& pixels, std::int64_t count) {
  for (std::int64_t p = 0; p < count; ++p) {
    std::int32_t* sums = pixels.sums + p * Width;
    std::fill_n(sums, Width, pixels.start[p]);
    const auto* w = reinterpret_cast<const std::uint64_t*>(plane.weights);
    for (const CodeRun& run : runs) {
      const auto* codes = reinterpret_cast<const std::uint64_t*>(pixels.codes[p]) + run.first;
      for (std::int64_t i = 0; i < run.steps; ++i, w += Width) {
        for (std::int64_t c = 0; c < Width; ++c)
          sums[c] -= 2 * std::popcount(input == BitInput::signs ? codes[i] ^ w[c] : codes[i] & ~w[c]);
      }
    }
  }
}

#else

// Counts of four bits fit into a byte so many times.
constexpr std::int64_t steps_in_a_byte = 255 / 4;

// Sums by table for a plane of Width channels: eight vectors of byte-wide counts, of one pixel or several,
// that stay in registers until they may be full.
template <int Width>
class TableSum {
  using Bytes = hn::CappedTag<std::uint8_t, Width>;
  using Counts = hn::RepartitionToWide<Bytes>;
  using Vector = hn::Vec<Bytes>;
  static constexpr int lanes = static_cast<int>(hn::MaxLanes(Bytes()));
  static constexpr int vectors = Width / lanes;
  static_assert(vectors <= 4);

 public:
  static constexpr int pixels_at_once = 8 / vectors;

  static void sum(const std::uint8_t* table, const BitPlane& plane, std::span<const CodeRun> runs,
                  const BitPixels& pixels) {
    alignas(64) std::uint16_t counts[pixels_at_once * Width] = {};
    const auto* weights = reinterpret_cast<const std::uint8_t*>(plane.weights);
    const Bytes d;
    Vector s0 = hn::Zero(d), s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0;
    const auto flush_all = [&]() __attribute__((always_inline)) {
      flush(s0, counts, 0);
      flush(s1, counts, 1);
      flush(s2, counts, 2);
      flush(s3, counts, 3);
      flush(s4, counts, 4);
      flush(s5, counts, 5);
      flush(s6, counts, 6);
      flush(s7, counts, 7);
    };
    std::int64_t room = steps_in_a_byte;
    for (const CodeRun& run : runs) {
      const std::uint16_t* codes[pixels_at_once];
      for (int p = 0; p < pixels_at_once; ++p)
        codes[p] = reinterpret_cast<const std::uint16_t*>(pixels.codes[p]) + run.first;
      for (std::int64_t i = 0; i < run.steps;) {
        const std::int64_t end = std::min(run.steps, i + room);
        room -= end - i;
        for (; i < end; ++i, weights += Width) {
          const auto row = [&](int p) __attribute__((always_inline)) {
            return hn::LoadDup128(d, table + codes[p][i]);
          };
          const Vector w = hn::Load(d, weights);
          if constexpr (vectors == 4) {
            const Vector w1 = hn::Load(d, weights + lanes);
            const Vector w2 = hn::Load(d, weights + 2 * lanes);
            const Vector w3 = hn::Load(d, weights + 3 * lanes);
            add(row(0), w, w1, s0, s1);
            add(row(0), w2, w3, s2, s3);
            add(row(1), w, w1, s4, s5);
            add(row(1), w2, w3, s6, s7);
          } else if constexpr (vectors == 2) {
            const Vector w1 = hn::Load(d, weights + lanes);
            add(row(0), w, w1, s0, s1);
            add(row(1), w, w1, s2, s3);
            add(row(2), w, w1, s4, s5);
            add(row(3), w, w1, s6, s7);
          } else {
            add(row(0), w, s0);
            add(row(1), w, s1);
            add(row(2), w, s2);
            add(row(3), w, s3);
            add(row(4), w, s4);
            add(row(5), w, s5);
            add(row(6), w, s6);
            add(row(7), w, s7);
          }
        }
        if (room > 0) continue;
        flush_all();
        room = steps_in_a_byte;
      }
    }
    flush_all();
    for (int p = 0; p < pixels_at_once; ++p)
      finish(counts + p * Width, pixels.start[p], pixels.sums + p * Width);
  }

 private:
  static HWY_INLINE void add(Vector row, Vector weights, Vector& sum) {
    sum = hn::Add(sum, hn::TableLookupBytes(row, weights));
  }
  static HWY_INLINE void add(Vector row, Vector w0, Vector w1, Vector& s0, Vector& s1) {
    add(row, w0, s0);
    add(row, w1, s1);
  }

  // Adds the bytes of the sum at place `index` of the eight to the counts, and clears them.
  static HWY_INLINE void flush(Vector& sum, std::uint16_t* counts, int index) {
    const Counts d;
    std::uint16_t* even = counts + index / vectors * Width + index % vectors * (lanes / 2);
    std::uint16_t* odd = even + Width / 2;
    const auto pairs = hn::BitCast(d, sum);
    hn::Store(hn::Add(hn::Load(d, even), hn::And(pairs, hn::Set(d, 255))), d, even);
    hn::Store(hn::Add(hn::Load(d, odd), hn::ShiftRight<8>(pairs)), d, odd);
    sum = hn::Zero(Bytes());
  }

  static HWY_INLINE void finish(const std::uint16_t* counts, std::int32_t start, std::int32_t* sums) {
    const hn::CappedTag<std::int32_t, 16> d;
    const hn::Rebind<std::uint16_t, decltype(d)> narrow;
    constexpr int n = static_cast<int>(hn::MaxLanes(hn::CappedTag<std::int32_t, 16>()));
    for (int c = 0; c < Width; c += n) {
      const auto count = hn::PromoteTo(d, hn::Load(narrow, counts + c));
      hn::StoreU(hn::Sub(hn::Set(d, start), hn::Add(count, count)), d, sums + c);
    }
  }
};

template <int Width>
void sum_by_table(const std::uint8_t* table, const BitPlane& plane, std::span<const CodeRun> runs,
                  BitPixels pixels, std::int64_t count) {
  constexpr int at_once = TableSum<Width>::pixels_at_once;
  for (; count >= at_once; count -= at_once) {
    TableSum<Width>::sum(table, plane, runs, pixels);
    pixels = {pixels.codes + at_once, pixels.start + at_once, pixels.sums + at_once * Width};
  }
  if (count == 0) return;
  // The last pixels are filled up with copies of one of them.
  const std::byte* codes[at_once];
  std::int32_t start[at_once];
  alignas(64) std::int32_t sums[at_once * Width];
  for (int p = 0; p < at_once; ++p) {
    codes[p] = pixels.codes[std::min<std::int64_t>(p, count - 1)];
    start[p] = pixels.start[std::min<std::int64_t>(p, count - 1)];
  }
  TableSum<Width>::sum(table, plane, runs, {codes, start, sums});
  std::copy_n(sums, count * Width, pixels.sums);
}

// Sums of P pixels by words, for `Width` channels.
template <int Width, int P>
void sum_words(BitInput input, const BitPlane& plane, std::span<const CodeRun> runs,
               const BitPixels& pixels) {
  using Words = hn::CappedTag<std::uint64_t, 8>;
  const Words d;
  constexpr int lanes = static_cast<int>(hn::MaxLanes(Words()));
  constexpr int vectors = Width / lanes;
  const auto* weights = reinterpret_cast<const std::uint64_t*>(plane.weights);
  hn::Vec<Words> sums[P][vectors];
  for (auto& row : sums) {
    for (auto& sum : row) sum = hn::Zero(d);
  }
  for (const CodeRun& run : runs) {
    for (std::int64_t i = 0; i < run.steps; ++i, weights += Width) {
      hn::Vec<Words> x[P];
      for (int p = 0; p < P; ++p)
        x[p] = hn::Set(d, reinterpret_cast<const std::uint64_t*>(pixels.codes[p])[run.first + i]);
#pragma GCC unroll 8
      for (int v = 0; v < vectors; ++v) {
        const auto w = hn::Load(d, weights + v * lanes);
#pragma GCC unroll 4
        for (int p = 0; p < P; ++p) {
          const auto negative = input == BitInput::signs ? hn::Xor(x[p], w) : hn::AndNot(w, x[p]);
          sums[p][v] = hn::Add(sums[p][v], hn::PopulationCount(negative));
        }
      }
    }
  }
  alignas(64) std::uint64_t counts[lanes];
  for (int p = 0; p < P; ++p) {
    for (int v = 0; v < vectors; ++v) {
      hn::Store(sums[p][v], d, counts);
      for (int c = 0; c < lanes; ++c)
        pixels.sums[p * Width + v * lanes + c] = pixels.start[p] - 2 * static_cast<std::int32_t>(counts[c]);
    }
  }
}

template <int Width>
void sum_by_words(BitInput input, const BitPlane& plane, std::span<const CodeRun> runs, BitPixels pixels,
                  std::int64_t count) {
  constexpr int at_once = 2;
  for (; count >= at_once; count -= at_once) {
    sum_words<Width, at_once>(input, plane, runs, pixels);
    pixels = {pixels.codes + at_once, pixels.start + at_once, pixels.sums + at_once * Width};
  }
  if (count > 0) sum_words<Width, 1>(input, plane, runs, pixels);
}

#endif

template <int Width>
void sum_plane(const BitCoding& coding, const BitPlane& plane, std::span<const CodeRun> runs,
               const BitPixels& pixels, std::int64_t count) {
  if (coding.method == CountMethod::table) {
    sum_by_table<Width>(table_of(coding.input), plane, runs, pixels, count);
  } else {
    sum_by_words<Width>(coding.input, plane, runs, pixels, count);
  }
}

void sum_all(const BitCoding& coding, const BitPlane& plane, std::span<const CodeRun> runs,
             const BitPixels& pixels, std::int64_t count) {
  switch (plane.width) {
    case 16:
      return sum_plane<16>(coding, plane, runs, pixels, count);
    case 32:
      return sum_plane<32>(coding, plane, runs, pixels, count);
    default:
      return sum_plane<64>(coding, plane, runs, pixels, count);
  }
}

// Whether words of bits are counted by the processor.
bool counts_words() { return HWY_TARGET != HWY_SCALAR && HWY_TARGET <= HWY_AVX3_DL; }
const char* target_name() { return hwy::TargetName(HWY_TARGET); }

}  // namespace rheobase::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace rheobase {

HWY_EXPORT(encode_words);
HWY_EXPORT(sum_all);
HWY_EXPORT(counts_words);
HWY_EXPORT(target_name);

CountMethod preferred_count_method() {
  return HWY_DYNAMIC_DISPATCH(counts_words)() ? CountMethod::words : CountMethod::table;
}
const char* bit_rows_target() { return HWY_DYNAMIC_DISPATCH(target_name)(); }

void encode_bits(const BitCoding& coding, const std::uint64_t* words, std::int64_t pixels, std::byte* codes) {
  const std::int64_t words_per_pixel = (coding.channels + 63) / 64;
  if (coding.method == CountMethod::words) {
    std::memcpy(codes, words, static_cast<std::size_t>(pixels * words_per_pixel) * sizeof(std::uint64_t));
    return;
  }
  HWY_DYNAMIC_DISPATCH(encode_words)
  (words, pixels, words_per_pixel, (coding.channels + 7) / 8, reinterpret_cast<std::uint16_t*>(codes));
}

void encode_padding(const BitCoding& coding, std::int64_t pixels, std::byte* codes) {
  const std::int64_t count = pixels * coding.steps();
  if (coding.method == CountMethod::words) {
    std::memset(codes, 0, static_cast<std::size_t>(count) * sizeof(std::uint64_t));
  } else {
    std::fill_n(reinterpret_cast<std::uint16_t*>(codes), count, std::uint16_t{16 * BitTable::row_bytes});
  }
}

void sum_bits(const BitCoding& coding, const BitPlane& plane, std::span<const CodeRun> runs,
              const BitPixels& pixels, std::int64_t count) {
  HWY_DYNAMIC_DISPATCH(sum_all)(coding, plane, runs, pixels, count);
}

}  // namespace rheobase
#endif  // HWY_ONCE
