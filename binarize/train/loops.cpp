#include "binarize/train/loops.h"

#include <algorithm>
#include <vector>

#include "neurons/qcfs_step.h"
#include "neurons/sign_step.h"

// The loops are plain, and the compiler makes vectors of them: once for each instruction set that Highway
// knows.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "binarize/train/loops.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h, as Highway requires.
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace rheobase::HWY_NAMESPACE {

using loops::Pixels;

// Per-channel sums of `term(i, c)`, i being the index of the value: float within a block, double between
// blocks.
template <class Term>
HWY_INLINE void sum_channels(Pixels pixels, double* HWY_RESTRICT sums, const Term& term) {
  constexpr std::int64_t block = 64;
  std::fill_n(sums, pixels.channels, 0.0);
  std::vector<float> partial(pixels.channels);
  float* HWY_RESTRICT const p = partial.data();
  for (std::int64_t begin = 0; begin < pixels.count; begin += block) {
    std::fill(partial.begin(), partial.end(), 0.0F);
    const std::int64_t end = std::min(begin + block, pixels.count);
    for (std::int64_t pixel = begin; pixel < end; ++pixel) {
      const std::int64_t row = pixel * pixels.channels;
      for (std::int64_t c = 0; c < pixels.channels; ++c) p[c] += term(row + c, c);
    }
    for (std::int64_t c = 0; c < pixels.channels; ++c) sums[c] += p[c];
  }
}

// dx[i] = (+) value(i)
template <class Value>
HWY_INLINE void store(float* HWY_RESTRICT dx, std::int64_t count, bool accumulate, const Value& value) {
  if (accumulate) {
    for (std::int64_t i = 0; i < count; ++i) dx[i] += value(i);
  } else {
    for (std::int64_t i = 0; i < count; ++i) dx[i] = value(i);
  }
}

// y[i] = (+) value(i, c) with c the channel of i
template <class Value>
HWY_INLINE void store_channels(float* HWY_RESTRICT y, Pixels pixels, bool accumulate, const Value& value) {
  for (std::int64_t row = 0; row < pixels.size(); row += pixels.channels)
    store(y + row, pixels.channels, accumulate, [&](std::int64_t c) { return value(row + c, c); });
}

void add(const float* HWY_RESTRICT x, float* HWY_RESTRICT y, std::int64_t count) {
  store(y, count, true, [=](std::int64_t i) { return x[i]; });
}

void add_to_channels(const float* HWY_RESTRICT x, Pixels pixels, float* y) {
  store_channels(y, pixels, true, [=](std::int64_t, std::int64_t c) { return x[c]; });
}

void channel_sums(const float* HWY_RESTRICT x, Pixels pixels, double* sums) {
  sum_channels(pixels, sums, [=](std::int64_t i, std::int64_t) { return x[i]; });
}

void channel_squares(const float* HWY_RESTRICT x, const float* HWY_RESTRICT mean, Pixels pixels,
                     double* sums) {
  sum_channels(pixels, sums,
               [=](std::int64_t i, std::int64_t c) { return (x[i] - mean[c]) * (x[i] - mean[c]); });
}

void affine(const float* HWY_RESTRICT x, const float* HWY_RESTRICT scale, const float* HWY_RESTRICT shift,
            Pixels pixels, float* y) {
  store_channels(y, pixels, false,
                 [=](std::int64_t i, std::int64_t c) { return x[i] * scale[c] + shift[c]; });
}

void normalized_sums(const float* HWY_RESTRICT x, const float* HWY_RESTRICT dy,
                     const float* HWY_RESTRICT mean, Pixels pixels, double* sums, double* products) {
  sum_channels(pixels, sums, [=](std::int64_t i, std::int64_t) { return dy[i]; });
  sum_channels(pixels, products, [=](std::int64_t i, std::int64_t c) { return dy[i] * (x[i] - mean[c]); });
}

void normalized_gradient(const float* HWY_RESTRICT x, const float* HWY_RESTRICT dy,
                         const float* const tables[3], Pixels pixels, float* dx, bool accumulate) {
  const float* HWY_RESTRICT const a = tables[0];
  const float* HWY_RESTRICT const b = tables[1];
  const float* HWY_RESTRICT const s = tables[2];
  store_channels(dx, pixels, accumulate,
                 [=](std::int64_t i, std::int64_t c) { return a[c] * dy[i] + (b[c] * x[i] + s[c]); });
}

void relu(const float* HWY_RESTRICT x, float* y, std::int64_t count) {
  store(y, count, false, [=](std::int64_t i) { return x[i] > 0.0F ? x[i] : 0.0F; });
}

void relu_gradient(const float* HWY_RESTRICT x, const float* HWY_RESTRICT dy, float* dx, std::int64_t count,
                   bool accumulate) {
  store(dx, count, accumulate, [=](std::int64_t i) { return x[i] > 0.0F ? dy[i] : 0.0F; });
}

void prelu(const float* HWY_RESTRICT x, const float* HWY_RESTRICT slope, Pixels pixels, float* y) {
  store_channels(y, pixels, false,
                 [=](std::int64_t i, std::int64_t c) { return x[i] > 0.0F ? x[i] : slope[c] * x[i]; });
}

void prelu_gradient(const float* HWY_RESTRICT x, const float* HWY_RESTRICT dy,
                    const float* HWY_RESTRICT slope, Pixels pixels, float* dx, bool accumulate,
                    double* slope_sums) {
  sum_channels(pixels, slope_sums,
               [=](std::int64_t i, std::int64_t) { return x[i] > 0.0F ? 0.0F : dy[i] * x[i]; });
  if (dx == nullptr) return;
  store_channels(dx, pixels, accumulate,
                 [=](std::int64_t i, std::int64_t c) { return x[i] > 0.0F ? dy[i] : slope[c] * dy[i]; });
}

void sign(const float* HWY_RESTRICT x, float* y, std::int64_t count) {
  store(y, count, false, [=](std::int64_t i) { return sign_step(x[i]); });
}

void qcfs(const float* HWY_RESTRICT x, float lambda, float levels, float* y, std::int64_t count) {
  store(y, count, false, [=](std::int64_t i) { return qcfs_step(x[i], lambda, levels); });
}

double qcfs_gradient(const float* HWY_RESTRICT x, const float* HWY_RESTRICT y, const float* HWY_RESTRICT dy,
                     float lambda, float* dx, std::int64_t count, bool accumulate) {
  constexpr std::int64_t width = 64;
  const float inverse = 1.0F / lambda;
  double sums[width] = {};
  sum_channels({count / width, width}, sums, [=](std::int64_t i, std::int64_t) {
    const float inside = x[i] >= 0.0F ? (y[i] - x[i]) * inverse : 0.0F;
    return dy[i] * (x[i] > lambda ? 1.0F : inside);
  });
  double total = 0.0;
  for (const double sum : sums) total += sum;
  for (std::int64_t i = count / width * width; i < count; ++i) {
    const float inside = x[i] >= 0.0F ? (y[i] - x[i]) * inverse : 0.0F;
    total += dy[i] * (x[i] > lambda ? 1.0F : inside);
  }
  if (dx == nullptr) return total;
  store(dx, count, accumulate, [=](std::int64_t i) { return x[i] >= 0.0F && x[i] <= lambda ? dy[i] : 0.0F; });
  return total;
}

}  // namespace rheobase::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace rheobase {
HWY_EXPORT(add);
HWY_EXPORT(add_to_channels);
HWY_EXPORT(channel_sums);
HWY_EXPORT(channel_squares);
HWY_EXPORT(affine);
HWY_EXPORT(normalized_sums);
HWY_EXPORT(normalized_gradient);
HWY_EXPORT(relu);
HWY_EXPORT(relu_gradient);
HWY_EXPORT(prelu);
HWY_EXPORT(prelu_gradient);
HWY_EXPORT(sign);
HWY_EXPORT(qcfs);
HWY_EXPORT(qcfs_gradient);

namespace loops {

void add(const float* x, float* y, std::int64_t count) { HWY_DYNAMIC_DISPATCH(add)(x, y, count); }
void add_to_channels(const float* x, Pixels pixels, float* y) {
  HWY_DYNAMIC_DISPATCH(add_to_channels)(x, pixels, y);
}
void channel_sums(const float* x, Pixels pixels, double* sums) {
  HWY_DYNAMIC_DISPATCH(channel_sums)(x, pixels, sums);
}
void channel_squares(const float* x, const float* mean, Pixels pixels, double* sums) {
  HWY_DYNAMIC_DISPATCH(channel_squares)(x, mean, pixels, sums);
}
void affine(const float* x, const float* scale, const float* shift, Pixels pixels, float* y) {
  HWY_DYNAMIC_DISPATCH(affine)(x, scale, shift, pixels, y);
}
void normalized_sums(const float* x, const float* dy, const float* mean, Pixels pixels, double* sums,
                     double* products) {
  HWY_DYNAMIC_DISPATCH(normalized_sums)(x, dy, mean, pixels, sums, products);
}
void normalized_gradient(const float* x, const float* dy, const float* const tables[3], Pixels pixels,
                         float* dx, bool accumulate) {
  HWY_DYNAMIC_DISPATCH(normalized_gradient)(x, dy, tables, pixels, dx, accumulate);
}
void relu(const float* x, float* y, std::int64_t count) { HWY_DYNAMIC_DISPATCH(relu)(x, y, count); }
void relu_gradient(const float* x, const float* dy, float* dx, std::int64_t count, bool accumulate) {
  HWY_DYNAMIC_DISPATCH(relu_gradient)(x, dy, dx, count, accumulate);
}
void prelu(const float* x, const float* slope, Pixels pixels, float* y) {
  HWY_DYNAMIC_DISPATCH(prelu)(x, slope, pixels, y);
}
void prelu_gradient(const float* x, const float* dy, const float* slope, Pixels pixels, float* dx,
                    bool accumulate, double* slope_sums) {
  HWY_DYNAMIC_DISPATCH(prelu_gradient)(x, dy, slope, pixels, dx, accumulate, slope_sums);
}
void sign(const float* x, float* y, std::int64_t count) { HWY_DYNAMIC_DISPATCH(sign)(x, y, count); }
void qcfs(const float* x, float lambda, float levels, float* y, std::int64_t count) {
  HWY_DYNAMIC_DISPATCH(qcfs)(x, lambda, levels, y, count);
}
double qcfs_gradient(const float* x, const float* y, const float* dy, float lambda, float* dx,
                     std::int64_t count, bool accumulate) {
  return HWY_DYNAMIC_DISPATCH(qcfs_gradient)(x, y, dy, lambda, dx, count, accumulate);
}

}  // namespace loops
}  // namespace rheobase
#endif
