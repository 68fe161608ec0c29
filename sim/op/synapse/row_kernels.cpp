#include "sim/op/synapse/row_kernels.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "sim/op/synapse/row_kernels.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h, as Highway requires.
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace rheobase::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// At most 16 lanes, so that a row of 16, 32 or 64 floats is a fixed number of vectors on every target.
using Floats = hn::CappedTag<float, 16>;
constexpr std::int64_t lanes = hn::MaxLanes(Floats());

// One rounding on every target: targets without the instruction take the slow, exact way.
inline hn::Vec<Floats> fused_multiply_add(hn::Vec<Floats> a, hn::Vec<Floats> b, hn::Vec<Floats> sum) {
#if HWY_TARGET <= HWY_AVX2 || HWY_TARGET == HWY_NEON
  return hn::MulAdd(a, b, sum);
#else
  const Floats d;
  HWY_ALIGN std::array<float, lanes> x, y, z;
  hn::Store(a, d, x.data());
  hn::Store(b, d, y.data());
  hn::Store(sum, d, z.data());
  for (std::int64_t i = 0; i < lanes; ++i) z[i] = std::fma(x[i], y[i], z[i]);
  return hn::Load(d, z.data());
#endif
}

std::int64_t decode_spikes(const std::uint64_t* words, std::int64_t count, std::uint32_t base,
                           std::uint32_t* out) {
  const std::uint32_t* begin = out;
  for (std::int64_t w = 0; w < count; ++w, base += 64) {
    std::uint64_t rest = words[w];
    const int spikes = std::popcount(rest);
    // Four at a time: counting past the last bit writes entries that the next word overwrites.
    for (int done = 0; done < spikes; done += 4) {
      for (int i = 0; i < 4; ++i) {
        out[done + i] = base + static_cast<std::uint32_t>(std::countr_zero(rest));
        rest &= rest - 1;
      }
    }
    out += spikes;
  }
  return out - begin;
}

// `count` floats, at most as many as a vector has.
HWY_INLINE hn::Vec<Floats> load_some(const float* from, std::int64_t count) {
  const Floats d;
#if HWY_TARGET <= HWY_AVX2
  return hn::MaskedLoad(hn::FirstN(d, static_cast<std::size_t>(count)), d, from);
#else
  HWY_ALIGN std::array<float, lanes> some{};
  std::memcpy(some.data(), from, static_cast<std::size_t>(count) * sizeof(float));
  return hn::Load(d, some.data());
#endif
}

HWY_INLINE void store_some(hn::Vec<Floats> sum, std::int64_t count, float* to) {
  const Floats d;
#if HWY_TARGET <= HWY_AVX2
  hn::BlendedStore(sum, hn::FirstN(d, static_cast<std::size_t>(count)), d, to);
#else
  HWY_ALIGN std::array<float, lanes> some;
  hn::Store(sum, d, some.data());
  std::memcpy(to, some.data(), static_cast<std::size_t>(count) * sizeof(float));
#endif
}

// Stores one position's sums; the columns beyond `valid` belong to nobody.
template <int Vectors>
HWY_INLINE void store_row(const hn::Vec<Floats>* sum, const RowOutputs& out, std::int64_t position) {
  const Floats d;
  float* target = out.pixels[position] + out.column;
  if (out.valid == Vectors * lanes) {
    for (int v = 0; v < Vectors; ++v) hn::StoreU(sum[v], d, target + v * lanes);
    return;
  }
  for (int v = 0; v < Vectors && v * lanes < out.valid; ++v)
    store_some(sum[v], std::min(lanes, out.valid - v * lanes), target + v * lanes);
}

// Several positions side by side, so that their chains of additions hide each other's latency: together as
// far as the shortest list goes, then each by itself.
template <int Vectors, int Positions>
void sum_rows(const RowPlane& plane, const std::uint32_t* events, const std::int64_t* first,
              std::int64_t position, const RowOutputs& out) {
  const Floats d;
  constexpr std::int64_t width = Vectors * lanes;
  hn::Vec<Floats> sum[Positions][Vectors];
  const std::uint32_t* next[Positions];
  std::int64_t together = first[position + 1] - first[position];
  for (int m = 0; m < Positions; ++m) {
    next[m] = events + first[position + m];
    together = std::min(together, first[position + m + 1] - first[position + m]);
    for (int v = 0; v < Vectors; ++v) sum[m][v] = hn::Load(d, plane.bias + v * lanes);
  }
  for (std::int64_t i = 0; i < together; ++i) {
    for (int m = 0; m < Positions; ++m) {
      const float* row = plane.rows + next[m][i] * width;
      for (int v = 0; v < Vectors; ++v) sum[m][v] = hn::Add(sum[m][v], hn::Load(d, row + v * lanes));
    }
  }
  for (int m = 0; m < Positions; ++m) {
    const std::uint32_t* end = events + first[position + m + 1];
    for (const std::uint32_t* event = next[m] + together; event < end; ++event) {
      const float* row = plane.rows + *event * width;
      for (int v = 0; v < Vectors; ++v) sum[m][v] = hn::Add(sum[m][v], hn::Load(d, row + v * lanes));
    }
    store_row<Vectors>(sum[m], out, position + m);
  }
}

template <int Vectors, int Positions>
void sum_all_rows(const RowPlane& plane, const std::uint32_t* events, const std::int64_t* first,
                  std::int64_t positions, const RowOutputs& out) {
  std::int64_t p = 0;
  for (; p + Positions <= positions; p += Positions)
    sum_rows<Vectors, Positions>(plane, events, first, p, out);
  for (; p < positions; ++p) sum_rows<Vectors, 1>(plane, events, first, p, out);
}

void sum_event_rows(const RowPlane& plane, const std::uint32_t* events, const std::int64_t* first,
                    std::int64_t positions, const RowOutputs& out) {
  switch (plane.width) {
    case 16:
      return sum_all_rows<16 / lanes, 4>(plane, events, first, positions, out);
    case 32:
      return sum_all_rows<32 / lanes, 2>(plane, events, first, positions, out);
    default:
      return sum_all_rows<64 / lanes, 1>(plane, events, first, positions, out);
  }
}

// Sums stay in registers while one event after the other goes to the same position.
template <int Vectors>
void add_valued(const RowPlane& plane, std::span<const RowEvent> events, std::int64_t positions,
                float* sums) {
  const Floats d;
  constexpr std::int64_t width = Vectors * lanes;
  hn::Vec<Floats> sum[Vectors];
  for (int v = 0; v < Vectors; ++v) sum[v] = hn::Load(d, plane.bias + v * lanes);
  for (std::int64_t p = 0; p < positions; ++p) {
    for (int v = 0; v < Vectors; ++v) hn::Store(sum[v], d, sums + p * width + v * lanes);
  }
  const RowEvent* const end = events.data() + events.size();
  for (const RowEvent* event = events.data(); event < end;) {
    const std::uint32_t position = event->position;
    float* target = sums + position * width;
    for (int v = 0; v < Vectors; ++v) sum[v] = hn::Load(d, target + v * lanes);
    do {
      const float* row = plane.rows + event->row * width;
      const auto value = hn::Set(d, event->value);
      for (int v = 0; v < Vectors; ++v)
        sum[v] = fused_multiply_add(hn::Load(d, row + v * lanes), value, sum[v]);
    } while (++event < end && event->position == position);
    for (int v = 0; v < Vectors; ++v) hn::Store(sum[v], d, target + v * lanes);
  }
}

void add_rows(const RowPlane& plane, std::span<const RowEvent> events, std::int64_t positions, float* sums) {
  switch (plane.width) {
    case 16:
      return add_valued<16 / lanes>(plane, events, positions, sums);
    case 32:
      return add_valued<32 / lanes>(plane, events, positions, sums);
    default:
      return add_valued<64 / lanes>(plane, events, positions, sums);
  }
}

// Blocks of positions by columns that fill the registers: 6 by 16 columns are 12 of the 16 registers where a
// vector has 8 lanes, 12 by 32 columns are 24 of 32 where it has 16.
constexpr bool many_registers = lanes == 16;
constexpr int block_positions = many_registers ? 12 : 6;
constexpr std::int64_t block_columns = many_registers ? 32 : 16;

template <int Positions, int Vectors>
void multiply_block(const RowPlane& plane, const float* x, std::int64_t count, std::int64_t position,
                    const RowOutputs& out) {
  const Floats d;
  hn::Vec<Floats> sum[Positions][Vectors];
  for (int m = 0; m < Positions; ++m) {
    for (int v = 0; v < Vectors; ++v) sum[m][v] = hn::Load(d, plane.bias + v * lanes);
  }
  for (std::int64_t k = 0; k < count; ++k) {
    hn::Vec<Floats> row[Vectors];
    for (int v = 0; v < Vectors; ++v) row[v] = hn::Load(d, plane.rows + k * plane.width + v * lanes);
    for (int m = 0; m < Positions; ++m) {
      const auto value = hn::Set(d, x[m * count + k]);
      for (int v = 0; v < Vectors; ++v) sum[m][v] = fused_multiply_add(row[v], value, sum[m][v]);
    }
  }
  for (int m = 0; m < Positions; ++m) store_row<Vectors>(sum[m], out, position + m);
}

template <std::int64_t Columns>
void multiply_columns(const RowPlane& plane, const float* x, std::int64_t count, std::int64_t positions,
                      const RowOutputs& out) {
  constexpr int vectors = Columns / lanes;
  std::int64_t p = 0;
  for (; p + block_positions <= positions; p += block_positions)
    multiply_block<block_positions, vectors>(plane, x + p * count, count, p, out);
  if constexpr (block_positions > 6) {
    for (; p + 6 <= positions; p += 6) multiply_block<6, vectors>(plane, x + p * count, count, p, out);
  }
  for (; p + 2 <= positions; p += 2) multiply_block<2, vectors>(plane, x + p * count, count, p, out);
  if (p < positions) multiply_block<1, vectors>(plane, x + p * count, count, p, out);
}

void multiply_rows(const RowPlane& plane, const float* x, std::int64_t count, std::int64_t positions,
                   const RowOutputs& out) {
  for (std::int64_t column = 0; column < out.valid;) {
    const std::int64_t left = out.valid - column;
    const RowPlane part{plane.rows + column, plane.bias + column, plane.width};
    const std::int64_t columns = left > 16 ? block_columns : 16;
    const RowOutputs target{out.pixels, out.column + column, std::min(columns, left)};
    if (columns == block_columns) {
      multiply_columns<block_columns>(part, x, count, positions, target);
    } else {
      multiply_columns<16>(part, x, count, positions, target);
    }
    column += columns;
  }
}

double dense_row_density() { return many_registers ? 0.5 : 0.85; }

// Some positions by some vectors of channels from `c` on. Eight sums hide the latency of the additions.
template <int Positions, int Vectors>
HWY_INLINE void depthwise_block(const DepthwiseRun& run, std::int64_t position, std::int64_t c) {
  const Floats d;
  hn::Vec<Floats> sum[Positions][Vectors];
  for (int m = 0; m < Positions; ++m) {
    for (int v = 0; v < Vectors; ++v) sum[m][v] = hn::LoadU(d, run.bias + c + v * lanes);
  }
  const std::int64_t first = position * run.step + c;
  for (const DepthwiseTap* tap = run.taps; tap < run.taps + run.tap_count; ++tap) {
    const float* x = tap->inputs + first;
    for (int v = 0; v < Vectors; ++v) {
      const auto weight = hn::LoadU(d, tap->weights + c + v * lanes);
      for (int m = 0; m < Positions; ++m)
        sum[m][v] = fused_multiply_add(hn::LoadU(d, x + m * run.step + v * lanes), weight, sum[m][v]);
    }
  }
  for (int m = 0; m < Positions; ++m) {
    float* out = run.out + (position + m) * run.channels + c;
    for (int v = 0; v < Vectors; ++v) hn::StoreU(sum[m][v], d, out + v * lanes);
  }
}

// The channels from `c` on where they do not fill a vector.
template <int Positions>
void depthwise_rest(const DepthwiseRun& run, std::int64_t position, std::int64_t c) {
  const std::int64_t count = run.channels - c;
  hn::Vec<Floats> sum[Positions];
  for (int m = 0; m < Positions; ++m) sum[m] = load_some(run.bias + c, count);
  const std::int64_t first = position * run.step + c;
  for (const DepthwiseTap* tap = run.taps; tap < run.taps + run.tap_count; ++tap) {
    const auto weight = load_some(tap->weights + c, count);
    for (int m = 0; m < Positions; ++m)
      sum[m] = fused_multiply_add(load_some(tap->inputs + first + m * run.step, count), weight, sum[m]);
  }
  for (int m = 0; m < Positions; ++m) store_some(sum[m], count, run.out + (position + m) * run.channels + c);
}

template <int Positions, int Vectors>
void depthwise_channels(const DepthwiseRun& run, std::int64_t position, std::int64_t c) {
  for (; c + Vectors * lanes <= run.channels; c += Vectors * lanes)
    depthwise_block<Positions, Vectors>(run, position, c);
  if constexpr (Vectors > 1) {
    depthwise_channels<Positions, Vectors / 2>(run, position, c);
  } else if (c < run.channels) {
    depthwise_rest<Positions>(run, position, c);
  }
}

void sum_depthwise(const DepthwiseRun& run) {
  std::int64_t p = 0;
  for (; p + 4 <= run.positions; p += 4) depthwise_channels<4, 2>(run, p, 0);
  for (; p + 2 <= run.positions; p += 2) depthwise_channels<2, 4>(run, p, 0);
  if (p < run.positions) depthwise_channels<1, 8>(run, p, 0);
}

void spread_bits(const std::uint64_t* words, std::int64_t count, float clear, float* out) {
  const Floats d;
  const auto one = hn::Set(d, 1.0F);
  const auto other = hn::Set(d, clear);
  for (std::int64_t w = 0; w < count; ++w) {
    for (std::int64_t b = 0; b < 64; b += lanes, out += lanes) {
      const std::uint64_t word = words[w] >> b;
      std::uint8_t bits[8];  // LoadMaskBits may read all of them
      std::memcpy(bits, &word, sizeof(bits));
      hn::StoreU(hn::IfThenElse(hn::LoadMaskBits(d, bits), one, other), d, out);
    }
  }
}

const char* row_kernel_target() { return hwy::TargetName(HWY_TARGET); }

}  // namespace rheobase::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace rheobase {

HWY_EXPORT(decode_spikes);
HWY_EXPORT(sum_event_rows);
HWY_EXPORT(add_rows);
HWY_EXPORT(multiply_rows);
HWY_EXPORT(dense_row_density);
HWY_EXPORT(sum_depthwise);
HWY_EXPORT(spread_bits);
HWY_EXPORT(row_kernel_target);

std::int64_t decode_spikes(const std::uint64_t* words, std::int64_t count, std::uint32_t base,
                           std::uint32_t* out) {
  return HWY_DYNAMIC_DISPATCH(decode_spikes)(words, count, base, out);
}
void sum_event_rows(const RowPlane& plane, const std::uint32_t* events, const std::int64_t* first,
                    std::int64_t positions, const RowOutputs& out) {
  HWY_DYNAMIC_DISPATCH(sum_event_rows)(plane, events, first, positions, out);
}
void add_rows(const RowPlane& plane, std::span<const RowEvent> events, std::int64_t positions, float* sums) {
  HWY_DYNAMIC_DISPATCH(add_rows)(plane, events, positions, sums);
}
void multiply_rows(const RowPlane& plane, const float* x, std::int64_t count, std::int64_t positions,
                   const RowOutputs& out) {
  HWY_DYNAMIC_DISPATCH(multiply_rows)(plane, x, count, positions, out);
}
double dense_row_density() { return HWY_DYNAMIC_DISPATCH(dense_row_density)(); }
void sum_depthwise(const DepthwiseRun& run) { HWY_DYNAMIC_DISPATCH(sum_depthwise)(run); }
void spread_bits(const std::uint64_t* words, std::int64_t count, float clear, float* out) {
  HWY_DYNAMIC_DISPATCH(spread_bits)(words, count, clear, out);
}
const char* row_kernel_target() { return HWY_DYNAMIC_DISPATCH(row_kernel_target)(); }

}  // namespace rheobase
#endif  // HWY_ONCE
