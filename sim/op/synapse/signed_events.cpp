#include "sim/op/synapse/signed_events.h"

#include <algorithm>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "sim/op/synapse/signed_events.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h, as Highway requires.
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace rheobase::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Shorts = hn::CappedTag<std::int16_t, 32>;
constexpr std::int64_t short_lanes = hn::MaxLanes(Shorts());

HWY_INLINE std::uint64_t bits_of(hn::Mask<Shorts> mask) {
  std::uint8_t bytes[8] = {};
  hn::StoreMaskBits(Shorts(), mask, bytes);
  std::uint32_t bits = 0;
  std::memcpy(&bits, bytes, sizeof(bits));
  return bits;
}

void signs_as_bits(const std::int16_t* values, std::int64_t pixels, std::int64_t channels,
                   std::uint64_t* words) {
  const Shorts d;
  const std::int64_t half = signed_half(channels);
  for (std::int64_t pixel = 0; pixel < pixels; ++pixel, values += channels, words += half / 32) {
    std::fill_n(words, half / 32, 0);
    const auto set = [words](std::int64_t place, std::uint64_t bits) {
      words[place / 64] |= bits << (place % 64);
    };
    std::int64_t c = 0;
    for (; c + short_lanes <= channels; c += short_lanes) {  // never across words
      const auto x = hn::LoadU(d, values + c);
      set(c, bits_of(hn::Gt(x, hn::Zero(d))));
      set(half + c, bits_of(hn::Lt(x, hn::Zero(d))));
    }
    for (; c < channels; ++c) {
      set(c, values[c] > 0 ? 1 : 0);
      set(half + c, values[c] < 0 ? 1 : 0);
    }
  }
}

}  // namespace rheobase::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace rheobase {

HWY_EXPORT(signs_as_bits);

void signs_as_bits(const std::int16_t* values, std::int64_t pixels, std::int64_t channels,
                   std::uint64_t* words) {
  HWY_DYNAMIC_DISPATCH(signs_as_bits)(values, pixels, channels, words);
}

bool reads_signed_spikes(const FixedConv2dPlan& plan) {
  const SignalSpec& input = plan.input;
  return input.type == SignalType::int16 && input.low == -1 && input.high <= 1 && plan.groups == 1;
}

FixedConv2dPlan over_spikes(const FixedConv2dPlan& plan) {
  FixedConv2dPlan result = plan;
  if (!reads_signed_spikes(plan)) return result;
  const std::int64_t channels = plan.input.shape.channels, half = signed_half(channels);
  result.input.type = SignalType::spikes;
  result.input.shape.channels = 2 * half;
  result.input.low = 0;
  result.weights.assign(static_cast<std::size_t>(plan.output.channels * result.rows()), 0);
  for (std::int64_t oc = 0; oc < plan.output.channels; ++oc) {
    for (std::int64_t row = 0; row < plan.rows(); ++row) {
      const auto weight = static_cast<std::int8_t>(plan.weight(oc, row));
      std::int8_t* const tap = result.weights.data() + oc * result.rows() + row / channels * 2 * half;
      tap[row % channels] = weight;
      tap[half + row % channels] = static_cast<std::int8_t>(-weight);
    }
  }
  return result;
}

}  // namespace rheobase
#endif  // HWY_ONCE
