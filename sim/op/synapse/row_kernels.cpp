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

// Stores one position's sums; the columns beyond `valid` belong to nobody.
template <int Vectors>
HWY_INLINE void store_row(const hn::Vec<Floats>* sum, const RowOutputs& out, std::int64_t position) {
  const Floats d;
  float* target = out.pixels[position] + out.column;
  if (out.valid == Vectors * lanes) {
    for (int v = 0; v < Vectors; ++v) hn::StoreU(sum[v], d, target + v * lanes);
    return;
  }
  HWY_ALIGN std::array<float, Vectors * lanes> row;
  for (int v = 0; v < Vectors; ++v) hn::Store(sum[v], d, row.data() + v * lanes);
  std::memcpy(target, row.data(), static_cast<std::size_t>(out.valid) * sizeof(float));
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

template <int Positions>
void multiply_block(const RowPlane& plane, const float* x, std::int64_t count, std::int64_t position,
                    const RowOutputs& out) {
  const Floats d;
  constexpr int vectors = 16 / lanes;
  hn::Vec<Floats> sum[Positions][vectors];
  for (int m = 0; m < Positions; ++m) {
    for (int v = 0; v < vectors; ++v) sum[m][v] = hn::Load(d, plane.bias + v * lanes);
  }
  for (std::int64_t k = 0; k < count; ++k) {
    hn::Vec<Floats> row[vectors];
    for (int v = 0; v < vectors; ++v) row[v] = hn::Load(d, plane.rows + k * plane.width + v * lanes);
    for (int m = 0; m < Positions; ++m) {
      const auto value = hn::Set(d, x[m * count + k]);
      for (int v = 0; v < vectors; ++v) sum[m][v] = fused_multiply_add(row[v], value, sum[m][v]);
    }
  }
  for (int m = 0; m < Positions; ++m) store_row<vectors>(sum[m], out, position + m);
}

void multiply_rows(const RowPlane& plane, const float* x, std::int64_t count, std::int64_t positions,
                   const RowOutputs& out) {
  for (std::int64_t column = 0; column < out.valid; column += 16) {
    const RowPlane part{plane.rows + column, plane.bias + column, plane.width};
    const RowOutputs target{out.pixels, out.column + column, std::min<std::int64_t>(16, out.valid - column)};
    // Six positions of two AVX2 vectors fill twelve of the sixteen registers.
    std::int64_t p = 0;
    for (; p + 6 <= positions; p += 6) multiply_block<6>(part, x + p * count, count, p, target);
    for (; p + 2 <= positions; p += 2) multiply_block<2>(part, x + p * count, count, p, target);
    if (p < positions) multiply_block<1>(part, x + p * count, count, p, target);
  }
}

const char* row_kernel_target() { return hwy::TargetName(HWY_TARGET); }

}  // namespace rheobase::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace rheobase {

HWY_EXPORT(decode_spikes);
HWY_EXPORT(sum_event_rows);
HWY_EXPORT(multiply_rows);
HWY_EXPORT(row_kernel_target);

std::int64_t decode_spikes(const std::uint64_t* words, std::int64_t count, std::uint32_t base,
                           std::uint32_t* out) {
  return HWY_DYNAMIC_DISPATCH(decode_spikes)(words, count, base, out);
}
void sum_event_rows(const RowPlane& plane, const std::uint32_t* events, const std::int64_t* first,
                    std::int64_t positions, const RowOutputs& out) {
  HWY_DYNAMIC_DISPATCH(sum_event_rows)(plane, events, first, positions, out);
}
void multiply_rows(const RowPlane& plane, const float* x, std::int64_t count, std::int64_t positions,
                   const RowOutputs& out) {
  HWY_DYNAMIC_DISPATCH(multiply_rows)(plane, x, count, positions, out);
}
const char* row_kernel_target() { return HWY_DYNAMIC_DISPATCH(row_kernel_target)(); }

}  // namespace rheobase
#endif  // HWY_ONCE
