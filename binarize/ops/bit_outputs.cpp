#include "binarize/ops/bit_outputs.h"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "binarize/ops/bit_outputs.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h, as Highway requires.
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace rheobase::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

void write_row(const RealOutput& output, const std::int32_t* sums, std::int64_t channels, const float* addend,
               float* y) {
  const hn::CappedTag<float, 16> d;
  const hn::RebindToSigned<decltype(d)> integers;
  constexpr std::int64_t n = hn::MaxLanes(hn::CappedTag<float, 16>());
  const auto least = hn::Set(integers, output.rectify ? 0 : -(1 << 30));
  std::int64_t c = 0;
  for (; c + n <= channels; c += n) {
    const auto x = hn::ConvertTo(d, hn::Max(hn::LoadU(integers, sums + c), least));
    auto value = hn::Add(hn::Mul(hn::LoadU(d, output.scale + c), x), hn::LoadU(d, output.shift + c));
    if (addend != nullptr) value = hn::Add(value, hn::LoadU(d, addend + c));
    hn::StoreU(value, d, y + c);
  }
  for (; c < channels; ++c) {
    const auto x = static_cast<float>(output.rectify ? std::max(sums[c], 0) : sums[c]);
    y[c] = output.scale[c] * x + output.shift[c];
    if (addend != nullptr) y[c] += addend[c];
  }
}

void scale_rows(const std::int32_t* scale, const std::int32_t* shift, std::int64_t pixels, std::int64_t width,
                std::int32_t* sums) {
  const hn::CappedTag<std::int32_t, 16> d;
  constexpr std::int64_t n = hn::MaxLanes(hn::CappedTag<std::int32_t, 16>());
  for (std::int64_t p = 0; p < pixels; ++p, sums += width) {
    for (std::int64_t c = 0; c < width; c += n) {
      const auto scaled = hn::Mul(hn::LoadU(d, sums + c), hn::LoadU(d, scale + c));
      hn::StoreU(hn::Add(scaled, hn::LoadU(d, shift + c)), d, sums + c);
    }
  }
}

}  // namespace rheobase::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace rheobase {

HWY_EXPORT(write_row);
HWY_EXPORT(scale_rows);

void write_reals(const RealOutput& output, const std::int32_t* sums, std::int64_t channels,
                 const float* addend, float* y) {
  HWY_DYNAMIC_DISPATCH(write_row)(output, sums, channels, addend, y);
}

void scale_sums(const std::int32_t* scale, const std::int32_t* shift, std::int64_t pixels, std::int64_t width,
                std::int32_t* sums) {
  HWY_DYNAMIC_DISPATCH(scale_rows)(scale, shift, pixels, width, sums);
}

}  // namespace rheobase
#endif  // HWY_ONCE
