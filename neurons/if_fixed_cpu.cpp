// IF in fixed arithmetic on the cpu: the equation of if_step.h on vectors, 64 channels to a word of spikes,
// from a stored current or tile by tile behind a synapse.
#include "neurons/if_fixed.h"
#include "neurons/spiking_loops.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "neurons/if_fixed_cpu.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h, as Highway requires.
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace rheobase::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Integers = hn::CappedTag<std::int32_t, 16>;
constexpr std::int64_t lanes = hn::MaxLanes(Integers());

// Advances the neurons of one vector and returns which of them stay silent.
template <Reset reset>
HWY_INLINE hn::Mask<Integers> step_vector(std::int32_t* HWY_RESTRICT v, const std::int32_t* HWY_RESTRICT x,
                                          const std::int32_t* HWY_RESTRICT v_threshold,
                                          hn::Vec<Integers> v_reset) {
  const Integers d;
  const auto threshold = hn::LoadU(d, v_threshold);
  const auto potential = hn::Add(hn::LoadU(d, v), hn::LoadU(d, x));
  const auto silent = hn::Gt(threshold, potential);
  auto after = potential;
  if constexpr (reset == Reset::subtract) after = hn::Sub(potential, hn::IfThenZeroElse(silent, threshold));
  if constexpr (reset == Reset::zero) after = hn::IfThenElse(silent, potential, v_reset);
  hn::StoreU(after, d, v);
  return silent;
}

// Advances 16 neurons and returns the bits of those that stay silent.
template <Reset reset>
HWY_INLINE std::uint64_t step_16(std::int32_t* HWY_RESTRICT v, const std::int32_t* HWY_RESTRICT x,
                                 const std::int32_t* HWY_RESTRICT v_threshold, hn::Vec<Integers> v_reset) {
#if HWY_TARGET == HWY_AVX2
  const auto low = step_vector<reset>(v, x, v_threshold, v_reset);
  const auto high = step_vector<reset>(v + lanes, x + lanes, v_threshold + lanes, v_reset);
  // Packing works within 128-bit halves; the permutation puts the words in order.
  const __m256i words = _mm256_permute4x64_epi64(_mm256_packs_epi32(low.raw, high.raw), 0xd8);
  const __m128i bytes = _mm_packs_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
  return static_cast<std::uint32_t>(_mm_movemask_epi8(bytes));
#else
  std::uint64_t silent = 0;
  for (std::int64_t c = 0; c < 16; c += lanes) {
    std::uint8_t bits[8] = {};
    hn::StoreMaskBits(Integers(), step_vector<reset>(v + c, x + c, v_threshold + c, v_reset), bits);
    silent |= static_cast<std::uint64_t>(bits[0] | bits[1] << 8) << c;
  }
  return silent;
#endif
}

// Advances `count` neurons, a multiple of 16 up to 64, and returns their spikes as bits.
template <Reset reset>
HWY_INLINE std::uint64_t step_word(std::int32_t* HWY_RESTRICT v, const std::int32_t* HWY_RESTRICT x,
                                   const std::int32_t* HWY_RESTRICT v_threshold, hn::Vec<Integers> v_reset,
                                   std::int64_t count) {
  std::uint64_t silent = 0;
  for (std::int64_t c = 0; c < count; c += 16)
    silent |= step_16<reset>(v + c, x + c, v_threshold + c, v_reset) << c;
  return ~silent & (~std::uint64_t{0} >> (64 - count));
}

template <Reset reset, std::int64_t channels>
HWY_INLINE void step_pixels(const IfRows& rows) {
  const auto v_reset = hn::Set(Integers(), rows.v_reset);
  std::int32_t* v = rows.v;
  const std::int32_t* x = rows.x;
  const std::int32_t* v_threshold = rows.v_threshold;
  std::uint64_t* spikes = rows.spikes;
  const std::int64_t count = channels > 0 ? channels : rows.channels;
  const std::int64_t v_stride = rows.v_stride, x_stride = rows.x_stride, spike_stride = rows.spike_stride;
  for (std::int64_t p = rows.pixels; p > 0; --p, v += v_stride, x += x_stride, spikes += spike_stride)
    *spikes = step_word<reset>(v, x, v_threshold, v_reset, count);
}

template <Reset reset>
void step_rows_with(const IfRows& rows) {
  return rows.channels == 64 ? step_pixels<reset, 64>(rows) : step_pixels<reset, 0>(rows);
}

void step_rows(Reset reset, const IfRows& rows) {
  switch (reset) {
    case Reset::subtract:
      return step_rows_with<Reset::subtract>(rows);
    case Reset::zero:
      return step_rows_with<Reset::zero>(rows);
    case Reset::none:
      return step_rows_with<Reset::none>(rows);
  }
}

}  // namespace rheobase::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace rheobase {

HWY_EXPORT(step_rows);

namespace {

class IfRowsKernel : public IfFixedKernel {
 public:
  using IfFixedKernel::IfFixedKernel;

 protected:
  auto stepper() const {
    return [this, step = HWY_DYNAMIC_DISPATCH(step_rows)](const NeuronRows& r) {
      step(reset_, {r.v, r.x, v_threshold_.data() + r.first_channel, r.spikes, r.pixels, r.channels,
                    r.v_stride, r.x_stride, r.spike_stride, v_reset_});
    };
  }
};

}  // namespace

std::unique_ptr<HostKernel> make_if_fixed_cpu(const NodeContext& context, const NodePlan& /*plan*/) {
  return std::make_unique<FixedNeuronCpu<IfRowsKernel>>(context);
}

}  // namespace rheobase
#endif  // HWY_ONCE
