#include "sim/op/host/number_activity.h"

#include <algorithm>
#include <numeric>
#include <type_traits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "sim/op/host/number_activity.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h, as Highway requires.
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace rheobase::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <class Number>
HWY_INLINE bool all_unit(const Number* values, std::int64_t size, Number one) {
  const hn::CappedTag<Number, 32> d;
  constexpr std::int64_t n = hn::MaxLanes(d);
  const auto zero = hn::Zero(d), ones = hn::Set(d, one);
  std::int64_t i = 0;
  for (; i + n <= size; i += n) {
    const auto x = hn::LoadU(d, values + i);
    if (!hn::AllTrue(d, hn::Or(hn::Eq(x, zero), hn::Eq(hn::Abs(x), ones)))) return false;
  }
  return std::all_of(values + i, values + size, [one](Number x) {
    return x == Number{0} || x == one || x == static_cast<Number>(-one);
  });
}

template <class Number>
HWY_INLINE std::uint64_t count_all(const Number* values, std::int64_t size) {
  const hn::CappedTag<Number, 32> d;
  constexpr std::int64_t n = hn::MaxLanes(d);
  std::uint64_t zeros = 0;
  std::int64_t i = 0;
  for (; i + n <= size; i += n) zeros += hn::CountTrue(d, hn::Eq(hn::LoadU(d, values + i), hn::Zero(d)));
  const auto active = static_cast<std::uint64_t>(i) - zeros;
  return active + static_cast<std::uint64_t>(
                      std::count_if(values + i, values + size, [](Number x) { return x != Number{0}; }));
}

// Unsigned integers as wide as a Number.
template <class Number>
using Counters = hn::CappedTag<std::conditional_t<sizeof(Number) == 2, std::uint16_t, std::uint32_t>, 32>;

// Counts in lanes: lane l of counter j is the value j * lanes + l of every `period` vectors.
template <int Together, class Number>
HWY_INLINE void count_lanes(const Number* values, std::int64_t period, std::int64_t rounds,
                            hn::TFromD<Counters<Number>>* counts) {
  const hn::CappedTag<Number, 32> d;
  const Counters<Number> dc;
  constexpr std::int64_t n = hn::MaxLanes(d);
  const auto one = hn::Set(dc, 1);
  hn::Vec<Counters<Number>> sums[Together];
  for (int j = 0; j < Together; ++j) sums[j] = hn::Zero(dc);
  for (std::int64_t round = 0; round < rounds; ++round, values += period * n) {
    for (int j = 0; j < Together; ++j) {
      const auto active = hn::RebindMask(dc, hn::Ne(hn::LoadU(d, values + j * n), hn::Zero(d)));
      sums[j] = hn::Add(sums[j], hn::IfThenElseZero(active, one));
    }
  }
  for (int j = 0; j < Together; ++j) hn::StoreU(sums[j], dc, counts + j * n);
}

// Channels and lanes meet again after lcm(channels, lanes) values: so many vectors have counters of their
// own, a few of which stay in registers while all values are walked.
template <class Number>
HWY_INLINE void count_channels(const Number* values, std::int64_t pixels, std::int64_t channels,
                               std::uint32_t* counts) {
  constexpr std::int64_t n = hn::MaxLanes(hn::CappedTag<Number, 32>());
  constexpr int together = 4;
  constexpr std::int64_t most_rounds = 60000;  // of 16-bit counters
  const std::int64_t size = pixels * channels, period = channels / std::gcd(channels, n);
  hn::TFromD<Counters<Number>> lanes[together * n];
  for (std::int64_t j = 0; j < period;) {
    const int now = j + together <= period ? together : 1;
    for (std::int64_t first = j * n; first < size; first += most_rounds * period * n) {
      // All counters of a block walk the same rounds; what is left of the values follows below.
      const std::int64_t rounds = std::min(
          most_rounds, std::max<std::int64_t>(0, (size - first - now * n + period * n) / (period * n)));
      if (now == together)
        count_lanes<together>(values + first, period, rounds, lanes);
      else
        count_lanes<1>(values + first, period, rounds, lanes);
      std::int64_t c = j * n % channels;
      for (std::int64_t l = 0; l < now * n; ++l) {
        counts[c] += lanes[l];
        c = c + 1 == channels ? 0 : c + 1;
      }
      if (rounds == most_rounds) continue;
      const std::int64_t rest = first + rounds * period * n;
      for (std::int64_t i = rest; i < std::min(size, rest + now * n); ++i)
        counts[i % channels] += values[i] != Number{0} ? 1 : 0;
      break;
    }
    j += now;
  }
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

std::uint64_t count_floats(const float* v, std::int64_t n) { return count_all(v, n); }
std::uint64_t count_shorts(const std::int16_t* v, std::int64_t n) { return count_all(v, n); }
void channels_of_floats(const float* v, std::int64_t p, std::int64_t c, std::uint32_t* out) {
  count_channels(v, p, c, out);
}
bool unit_floats(const float* v, std::int64_t n, float one) { return all_unit(v, n, one); }
void channels_of_shorts(const std::int16_t* v, std::int64_t p, std::int64_t c, std::uint32_t* out) {
  count_channels(v, p, c, out);
}
bool unit_shorts(const std::int16_t* v, std::int64_t n, std::int16_t one) { return all_unit(v, n, one); }
void channels_of_ints(const std::int32_t* v, std::int64_t p, std::int64_t c, std::uint32_t* out) {
  count_channels(v, p, c, out);
}
bool unit_ints(const std::int32_t* v, std::int64_t n, std::int32_t one) { return all_unit(v, n, one); }
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

HWY_EXPORT(count_floats);
HWY_EXPORT(count_shorts);
HWY_EXPORT(channels_of_floats);
HWY_EXPORT(unit_floats);
HWY_EXPORT(channels_of_shorts);
HWY_EXPORT(unit_shorts);
HWY_EXPORT(channels_of_ints);
HWY_EXPORT(unit_ints);
HWY_EXPORT(weigh_floats);
HWY_EXPORT(weigh_shorts);
HWY_EXPORT(weigh_ints);

std::uint64_t count_active(const float* values, std::int64_t size) {
  return HWY_DYNAMIC_DISPATCH(count_floats)(values, size);
}
std::uint64_t count_active(const std::int16_t* values, std::int64_t size) {
  return HWY_DYNAMIC_DISPATCH(count_shorts)(values, size);
}
void count_by_channel(const float* values, std::int64_t pixels, std::int64_t channels,
                      std::uint32_t* counts) {
  HWY_DYNAMIC_DISPATCH(channels_of_floats)(values, pixels, channels, counts);
}
bool is_unit(const float* values, std::int64_t size, float one) {
  return HWY_DYNAMIC_DISPATCH(unit_floats)(values, size, one);
}
void count_by_channel(const std::int16_t* values, std::int64_t pixels, std::int64_t channels,
                      std::uint32_t* counts) {
  HWY_DYNAMIC_DISPATCH(channels_of_shorts)(values, pixels, channels, counts);
}
bool is_unit(const std::int16_t* values, std::int64_t size, std::int16_t one) {
  return HWY_DYNAMIC_DISPATCH(unit_shorts)(values, size, one);
}
void count_by_channel(const std::int32_t* values, std::int64_t pixels, std::int64_t channels,
                      std::uint32_t* counts) {
  HWY_DYNAMIC_DISPATCH(channels_of_ints)(values, pixels, channels, counts);
}
bool is_unit(const std::int32_t* values, std::int64_t size, std::int32_t one) {
  return HWY_DYNAMIC_DISPATCH(unit_ints)(values, size, one);
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
