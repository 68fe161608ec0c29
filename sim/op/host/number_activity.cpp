#include "sim/op/host/number_activity.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "sim/op/host/number_activity.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h, as Highway requires.
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace rheobase::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <class Number>
HWY_INLINE Activity find_activity(const Number* values, std::int64_t size, Number one) {
  const hn::CappedTag<Number, 32> d;
  constexpr std::int64_t n = hn::MaxLanes(d);
  const auto zero = hn::Zero(d), ones = hn::Set(d, one);
  Activity found;
  std::uint64_t zeros = 0;
  auto others = hn::Ne(zero, zero);
  std::int64_t i = 0;
  for (; i + n <= size; i += n) {
    const auto x = hn::LoadU(d, values + i);
    const auto is_zero = hn::Eq(x, zero);
    if (hn::AllTrue(d, is_zero)) {  // most of what is sparse
      zeros += static_cast<std::uint64_t>(n);
      continue;
    }
    zeros += hn::CountTrue(d, is_zero);
    others = hn::Or(others, hn::Not(hn::Or(is_zero, hn::Eq(hn::Abs(x), ones))));
  }
  found.active = static_cast<std::uint64_t>(i) - zeros;
  found.unit = hn::AllFalse(d, others);
  for (; i < size; ++i) {
    const Number x = values[i];
    found.active += x != Number{0} ? 1 : 0;
    found.unit = found.unit && (x == Number{0} || x == one || x == static_cast<Number>(-one));
  }
  return found;
}

#if HWY_TARGET != HWY_SCALAR
HWY_INLINE hn::Mask<hn::CappedTag<std::uint32_t, 16>> active_mask(const float* values) {
  const hn::CappedTag<float, 16> d;
  return hn::RebindMask(hn::CappedTag<std::uint32_t, 16>(), hn::Ne(hn::LoadU(d, values), hn::Zero(d)));
}
HWY_INLINE hn::Mask<hn::CappedTag<std::uint32_t, 16>> active_mask(const std::int32_t* values) {
  const hn::CappedTag<std::int32_t, 16> d;
  return hn::RebindMask(hn::CappedTag<std::uint32_t, 16>(), hn::Ne(hn::LoadU(d, values), hn::Zero(d)));
}
HWY_INLINE hn::Mask<hn::CappedTag<std::uint32_t, 16>> active_mask(const std::int16_t* values) {
  const hn::CappedTag<std::int32_t, 16> d;
  const auto x = hn::PromoteTo(d, hn::LoadU(hn::Rebind<std::int16_t, decltype(d)>(), values));
  return hn::RebindMask(hn::CappedTag<std::uint32_t, 16>(), hn::Ne(x, hn::Zero(d)));
}
#endif

// Sums of many 32-bit weights, in 64 bits.
template <class Number>
HWY_INLINE std::uint64_t weigh(const Number* values, std::int64_t size, const std::uint32_t* weight) {
  std::uint64_t result = 0;
  std::int64_t i = 0;
#if HWY_TARGET != HWY_SCALAR
  const hn::CappedTag<std::uint32_t, 16> d;
  const hn::RepartitionToWide<decltype(d)> wide;
  constexpr std::int64_t n = hn::MaxLanes(d);
  const auto low = hn::Set(wide, 0xffffffffU);
  auto sum = hn::Zero(wide);
  for (; i + n <= size; i += n) {
    const auto active = active_mask(values + i);
    if (hn::AllFalse(d, active)) continue;
    const auto pairs = hn::BitCast(wide, hn::IfThenElseZero(active, hn::LoadU(d, weight + i)));
    sum = hn::Add(sum, hn::Add(hn::And(pairs, low), hn::ShiftRight<32>(pairs)));
  }
  result = hn::GetLane(hn::SumOfLanes(wide, sum));
#endif
  for (; i < size; ++i) result += values[i] != Number{0} ? weight[i] : 0;
  return result;
}

Activity activity_of_floats(const float* v, std::int64_t n, float one) { return find_activity(v, n, one); }
Activity activity_of_shorts(const std::int16_t* v, std::int64_t n, std::int16_t one) {
  return find_activity(v, n, one);
}
Activity activity_of_ints(const std::int32_t* v, std::int64_t n, std::int32_t one) {
  return find_activity(v, n, one);
}
std::uint64_t weigh_floats(const float* v, std::int64_t n, const std::uint32_t* w) { return weigh(v, n, w); }
std::uint64_t weigh_shorts(const std::int16_t* v, std::int64_t n, const std::uint32_t* w) {
  return weigh(v, n, w);
}
std::uint64_t weigh_ints(const std::int32_t* v, std::int64_t n, const std::uint32_t* w) {
  return weigh(v, n, w);
}

}  // namespace rheobase::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace rheobase {

HWY_EXPORT(activity_of_floats);
HWY_EXPORT(activity_of_shorts);
HWY_EXPORT(activity_of_ints);
HWY_EXPORT(weigh_floats);
HWY_EXPORT(weigh_shorts);
HWY_EXPORT(weigh_ints);

Activity activity_of(const float* values, std::int64_t size, float one) {
  return HWY_DYNAMIC_DISPATCH(activity_of_floats)(values, size, one);
}
Activity activity_of(const std::int16_t* values, std::int64_t size, std::int16_t one) {
  return HWY_DYNAMIC_DISPATCH(activity_of_shorts)(values, size, one);
}
Activity activity_of(const std::int32_t* values, std::int64_t size, std::int32_t one) {
  return HWY_DYNAMIC_DISPATCH(activity_of_ints)(values, size, one);
}
std::uint64_t weigh_active(const float* values, std::int64_t size, const std::uint32_t* weight) {
  return HWY_DYNAMIC_DISPATCH(weigh_floats)(values, size, weight);
}
std::uint64_t weigh_active(const std::int16_t* values, std::int64_t size, const std::uint32_t* weight) {
  return HWY_DYNAMIC_DISPATCH(weigh_shorts)(values, size, weight);
}
std::uint64_t weigh_active(const std::int32_t* values, std::int64_t size, const std::uint32_t* weight) {
  return HWY_DYNAMIC_DISPATCH(weigh_ints)(values, size, weight);
}

}  // namespace rheobase
#endif  // HWY_ONCE
