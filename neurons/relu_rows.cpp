#include "neurons/relu_rows.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "neurons/relu_rows.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h, as Highway requires.
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace rheobase::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// The same on every target, what is no number included; a comparison with it is false.
void clamp_row(const float* x, float max, std::int64_t count, float* y) {
  const hn::CappedTag<float, 16> d;
  constexpr std::int64_t lanes = hn::MaxLanes(d);
  const auto zero = hn::Zero(d), top = hn::Set(d, max);
  std::int64_t c = 0;
  for (; c + lanes <= count; c += lanes) {
    const auto value = hn::LoadU(d, x + c);
    const auto positive = hn::IfThenElseZero(hn::Gt(value, zero), value);
    hn::StoreU(hn::IfThenElse(hn::Lt(positive, top), positive, top), d, y + c);
  }
  for (; c < count; ++c) {
    const float positive = x[c] > 0.0F ? x[c] : 0.0F;
    y[c] = positive < max ? positive : max;
  }
}

}  // namespace rheobase::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace rheobase {

HWY_EXPORT(clamp_row);

void relu_row(const float* x, float max, std::int64_t count, float* y) {
  HWY_DYNAMIC_DISPATCH(clamp_row)(x, max, count, y);
}

}  // namespace rheobase
#endif  // HWY_ONCE
