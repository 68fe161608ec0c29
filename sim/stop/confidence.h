#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

#include "sim/core/host_device.h"

namespace rheobase {

// The numbers that stop policies compare with their threshold. Sums run over k = 0..K-1 in that order, one
// addition after the other, and nothing of the standard library but fma is called: every device decides
// alike, bit for bit. A logit difference of any size is sound (exp of a far loser is 0); NaN propagates.

namespace stop_detail {

RHEOBASE_HD inline float float_of_bits(std::uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

RHEOBASE_HD inline std::uint32_t bits_of_float(float value) {
  std::uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

/// Adding and subtracting it rounds a float of magnitude below 2^22 to the nearest integer.
inline constexpr float round_shift = 0x1.8p23F;

inline constexpr float infinity = std::numeric_limits<float>::infinity();

}  // namespace stop_detail

/// e^x to 1.01 ulp and monotone (both checked at every float of [-104, 0]) for x <= 88; 0 below -104, where
/// e^x rounds to 0.
RHEOBASE_HD inline float exp32(float x) {
  if (std::isnan(x)) return x;
  if (x < -104.0F) return 0.0F;
  // x = n ln 2 + r with |r| <= ln 2 / 2; ln 2 = high + low, and n * high is exact.
  const float n = std::fma(x, 0x1.715476p0F, stop_detail::round_shift) - stop_detail::round_shift;
  const float r = std::fma(n, 0x1.05c61p-29F, std::fma(n, -0x1.62e43p-1F, x));
  // e^r = 1 + r + r^2 p(r), p fitted for the least largest error: below 2^-28 before rounding.
  float p = 0x1.6a243p-10F;
  p = std::fma(p, r, 0x1.1239e4p-7F);
  p = std::fma(p, r, 0x1.5558f2p-5F);
  p = std::fma(p, r, 0x1.555492p-3F);
  p = std::fma(p, r, 0x1.fffffcp-2F);
  p = 1.0F + std::fma(r * r, p, r);  // r last, so that rounding cannot undo the order of two neighbours
  // 2^n in two factors, so that results below 2^-126 are rounded once, by the last product.
  const int exponent = static_cast<int>(n);
  const int half = exponent / 2;
  const float first = stop_detail::float_of_bits(static_cast<std::uint32_t>(half + 127) << 23);
  const float second = stop_detail::float_of_bits(static_cast<std::uint32_t>(exponent - half + 127) << 23);
  return (p * first) * second;
}

/// ln x to about 2 ulp for a normal x >= 1.
RHEOBASE_HD inline float log32(float x) {
  // x = 2^n m with m in [sqrt(1/2), sqrt(2)); ln m = 2 atanh(s), s = (m - 1) / (m + 1).
  const std::uint32_t bits = stop_detail::bits_of_float(x);
  const std::uint32_t offset = bits - 0x3f3504f3U;  // sqrt(1/2)
  const float n = static_cast<float>(static_cast<std::int32_t>(offset) >> 23);
  const float m = stop_detail::float_of_bits((offset & 0x007fffffU) + 0x3f3504f3U);
  const float f = m - 1.0F;
  const float s = f / (2.0F + f);
  const float z = s * s;
  // atanh(s) = s + s z q(z), q fitted as above: below 2^-30.
  float q = 0x1.31e2f4p-3F;
  q = std::fma(q, z, 0x1.995ebap-3F);
  q = std::fma(q, z, 0x1.55557ap-2F);
  const float twice = s + s;
  return std::fma(n, 0x1.62e43p-1F, std::fma(n, -0x1.05c61p-29F, std::fma(twice, q * z, twice)));
}

/// Index of the largest value, the first of equals; count >= 1.
RHEOBASE_HD inline int argmax(const float* values, int count) {
  int best = 0;
  for (int k = 1; k < count; ++k) {
    if (values[k] > values[best]) best = k;
  }
  return best;
}

/// Sum over all classes but the largest of exp((sum[k] - largest) / alpha); alpha enters as its reciprocal.
RHEOBASE_HD inline float softmax_others(const float* sum, int count, float inverse_alpha) {
  const int top = argmax(sum, count);
  float others = 0.0F;
  for (int k = 0; k < count; ++k) {
    if (k != top) others += exp32((sum[k] - sum[top]) * inverse_alpha);
  }
  return others;
}

/// max softmax(sum / alpha), between 1/K and 1.
RHEOBASE_HD inline float max_softmax(const float* sum, int count, float inverse_alpha) {
  return 1.0F / (1.0F + softmax_others(sum, count, inverse_alpha));
}

/// 1 - max softmax(sum / alpha), between 0 and 1 - 1/K. It keeps its digits where the confidence itself
/// rounds to 1: summed logits are soon sure to more than seven digits.
RHEOBASE_HD inline float softmax_doubt(const float* sum, int count, float inverse_alpha) {
  const float others = softmax_others(sum, count, inverse_alpha);
  return others / (1.0F + others);
}

/// (largest - second largest of sum) / alpha; infinite for a single class.
RHEOBASE_HD inline float logit_margin(const float* sum, int count, float inverse_alpha) {
  const int top = argmax(sum, count);
  float gap = stop_detail::infinity;
  for (int k = 0; k < count; ++k) {
    if (k != top && sum[top] - sum[k] < gap) gap = sum[top] - sum[k];
  }
  return gap * inverse_alpha;
}

/// H(softmax(sum / alpha)) / ln K, between 0 (sure) and 1 (all classes alike); 0 for a single class.
RHEOBASE_HD inline float normalised_entropy(const float* sum, int count, float inverse_alpha) {
  if (count == 1) return 0.0F;
  const float top = sum[argmax(sum, count)];
  float total = 0.0F;
  float weighted = 0.0F;
  for (int k = 0; k < count; ++k) {
    const float x = (sum[k] - top) * inverse_alpha;
    const float weight = exp32(x);
    total += weight;
    if (weight > 0.0F) weighted = std::fma(weight, x, weighted);
  }
  // H = ln Z - (1/Z) sum_k w_k x_k, with w_k = e^x_k and Z their sum.
  return (log32(total) - weighted / total) / log32(static_cast<float>(count));
}

}  // namespace rheobase
