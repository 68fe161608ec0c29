#include "sim/op/host/current_loops.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "sim/op/host/current_loops.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h, as Highway requires.
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace rheobase::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Integers = hn::CappedTag<std::int32_t, 16>;
constexpr std::int64_t lanes = hn::MaxLanes(Integers());

void shift_all(std::int32_t* values, std::int64_t count, int bits) {
  const Integers d;
  std::int64_t i = 0;
  for (; i + lanes <= count; i += lanes)
    hn::StoreU(hn::ShiftRightSame(hn::LoadU(d, values + i), bits), d, values + i);
  for (; i < count; ++i) values[i] >>= bits;
}

HWY_INLINE hn::Vec<Integers> load(const std::int32_t* values) { return hn::LoadU(Integers(), values); }
HWY_INLINE hn::Vec<Integers> load(const std::int16_t* values) {
  return hn::PromoteTo(Integers(), hn::LoadU(hn::Rebind<std::int16_t, Integers>(), values));
}

template <class Number>
HWY_INLINE void add_all(const AddedNumbers<Number>& numbers, const std::int32_t* scale,
                        const std::int32_t* shift, std::int64_t pixels, std::int64_t channels,
                        std::int64_t width, std::int32_t* currents) {
  const Integers d;
  const Number* values = numbers.values;
  for (std::int64_t p = 0; p < pixels; ++p, values += numbers.step, currents += width) {
    std::int64_t c = 0;
    for (; c + lanes <= channels; c += lanes) {
      const auto added = hn::Add(hn::Mul(hn::LoadU(d, scale + c), load(values + c)), hn::LoadU(d, shift + c));
      hn::StoreU(hn::Add(hn::LoadU(d, currents + c), added), d, currents + c);
    }
    for (; c < channels; ++c) currents[c] += scale[c] * static_cast<std::int32_t>(values[c]) + shift[c];
  }
}

void add_shorts(const AddedNumbers<std::int16_t>& n, const std::int32_t* scale, const std::int32_t* shift,
                std::int64_t pixels, std::int64_t channels, std::int64_t width, std::int32_t* currents) {
  add_all(n, scale, shift, pixels, channels, width, currents);
}
void add_ints(const AddedNumbers<std::int32_t>& n, const std::int32_t* scale, const std::int32_t* shift,
              std::int64_t pixels, std::int64_t channels, std::int64_t width, std::int32_t* currents) {
  add_all(n, scale, shift, pixels, channels, width, currents);
}

}  // namespace rheobase::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace rheobase {

HWY_EXPORT(shift_all);
HWY_EXPORT(add_shorts);
HWY_EXPORT(add_ints);

void shift_right(std::int32_t* values, std::int64_t count, int bits) {
  HWY_DYNAMIC_DISPATCH(shift_all)(values, count, bits);
}
void add_scaled(const AddedNumbers<std::int16_t>& numbers, const std::int32_t* scale,
                const std::int32_t* shift, std::int64_t pixels, std::int64_t channels, std::int64_t width,
                std::int32_t* currents) {
  HWY_DYNAMIC_DISPATCH(add_shorts)(numbers, scale, shift, pixels, channels, width, currents);
}
void add_scaled(const AddedNumbers<std::int32_t>& numbers, const std::int32_t* scale,
                const std::int32_t* shift, std::int64_t pixels, std::int64_t channels, std::int64_t width,
                std::int32_t* currents) {
  HWY_DYNAMIC_DISPATCH(add_ints)(numbers, scale, shift, pixels, channels, width, currents);
}

}  // namespace rheobase
#endif  // HWY_ONCE
