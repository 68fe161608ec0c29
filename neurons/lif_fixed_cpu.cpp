// LIF in fixed arithmetic on the cpu: the equation of lif_step.h on vectors, 64 channels to a word of spikes,
// from a stored current or tile by tile behind a synapse.
#include "neurons/lif_fixed.h"
#include "neurons/spiking_loops.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "neurons/lif_fixed_cpu.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h, as Highway requires.
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace rheobase::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Integers = hn::CappedTag<std::int32_t, 16>;
using Vector = hn::Vec<Integers>;
constexpr std::int64_t lanes = hn::MaxLanes(Integers());

#if HWY_TARGET == HWY_SCALAR
HWY_INLINE Vector decay_vector(Vector u, Vector decay) {
  return hn::Set(Integers(), decayed(hn::GetLane(u), hn::GetLane(decay)));
}
#else
using Products = hn::RepartitionToWide<Integers>;
using Unsigned = hn::RebindToUnsigned<Integers>;
using Bits = hn::RepartitionToWide<Unsigned>;

HWY_INLINE Vector odd_to_even(Vector v) {
  return hn::BitCast(Integers(), hn::ShiftRight<32>(hn::BitCast(Bits(), v)));
}

// decayed() of every lane. The products of even and of odd lanes fill a vector each; of a shifted one only
// the low 32 bits are kept, in which a shift that fills with zeros is the same as one that fills with signs.
HWY_INLINE Vector decay_vector(Vector u, Vector decay) {
  const Integers d;
  const auto half = hn::Set(Products(), std::int64_t{1} << (lif_decay_bits - 1));
  const auto even = hn::Add(hn::MulEven(u, decay), half);
  const auto odd = hn::Add(hn::MulEven(odd_to_even(u), odd_to_even(decay)), half);
  return hn::OddEven(hn::BitCast(d, hn::ShiftLeft<32 - lif_decay_bits>(odd)),
                     hn::BitCast(d, hn::ShiftRight<lif_decay_bits>(hn::BitCast(Bits(), even))));
}
#endif

// Advances the neurons of one vector and returns which of them stay silent.
template <Reset reset>
HWY_INLINE hn::Mask<Integers> step_vector(std::int32_t* HWY_RESTRICT v, const std::int32_t* HWY_RESTRICT x,
                                          const LifNeurons<std::int32_t>& neurons, std::int64_t c) {
  const Integers d;
  const auto v_leak = hn::LoadU(d, neurons.v_leak + c);
  const auto threshold = hn::LoadU(d, neurons.v_threshold + c);
  const auto left = decay_vector(hn::Sub(hn::LoadU(d, v + c), v_leak), hn::LoadU(d, neurons.decay + c));
  const auto potential = hn::Add(hn::Add(v_leak, left), hn::LoadU(d, x + c));
  const auto silent = hn::Gt(threshold, potential);
  auto after = potential;
  if constexpr (reset == Reset::subtract) after = hn::Sub(potential, hn::IfThenZeroElse(silent, threshold));
  if constexpr (reset == Reset::zero)
    after = hn::IfThenElse(silent, potential, hn::LoadU(d, neurons.v_reset + c));
  hn::StoreU(after, d, v + c);
  return silent;
}

// Advances `count` neurons, a multiple of 16 up to 64, and returns their spikes as bits.
template <Reset reset>
HWY_INLINE std::uint64_t step_word(std::int32_t* HWY_RESTRICT v, const std::int32_t* HWY_RESTRICT x,
                                   const LifNeurons<std::int32_t>& neurons, std::int64_t count) {
  std::uint64_t silent = 0;
  for (std::int64_t c = 0; c < count; c += lanes) {
    std::uint8_t bits[8] = {};
    hn::StoreMaskBits(Integers(), step_vector<reset>(v, x, neurons, c), bits);
    silent |= static_cast<std::uint64_t>(bits[0] | bits[1] << 8) << c;
  }
  return ~silent & (~std::uint64_t{0} >> (64 - count));
}

template <Reset reset>
void step_rows_with(const NeuronRows& rows, const LifNeurons<std::int32_t>& neurons) {
  std::int32_t* v = rows.v;
  const std::int32_t* x = rows.x;
  std::uint64_t* spikes = rows.spikes;
  for (std::int64_t p = 0; p < rows.pixels; ++p) {
    *spikes = step_word<reset>(v, x, neurons, rows.channels);
    v += rows.v_stride;
    x += rows.x_stride;
    spikes += rows.spike_stride;
  }
}

void step_rows(Reset reset, const NeuronRows& rows, const LifNeurons<std::int32_t>& neurons) {
  switch (reset) {
    case Reset::subtract:
      return step_rows_with<Reset::subtract>(rows, neurons);
    case Reset::zero:
      return step_rows_with<Reset::zero>(rows, neurons);
    case Reset::none:
      return step_rows_with<Reset::none>(rows, neurons);
  }
}

}  // namespace rheobase::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace rheobase {

HWY_EXPORT(step_rows);

namespace {

class LifRowsKernel : public LifFixedKernel {
 public:
  using LifFixedKernel::LifFixedKernel;

 protected:
  auto stepper() const {
    return [this, step = HWY_DYNAMIC_DISPATCH(step_rows)](const NeuronRows& rows) {
      step(reset_, rows, channels_.neurons().from(rows.first_channel));
    };
  }
};

}  // namespace

std::unique_ptr<HostKernel> make_lif_fixed_cpu(const NodeContext& context, const NodePlan& /*plan*/) {
  return std::make_unique<FixedNeuronCpu<LifRowsKernel>>(context);
}

}  // namespace rheobase
#endif  // HWY_ONCE
