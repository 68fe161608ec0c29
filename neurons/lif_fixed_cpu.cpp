// LIF in fixed arithmetic on the cpu: the equation of lif_step.h on vectors, 64 channels to a word of spikes,
// from a stored current or tile by tile behind a synapse.
#include "neurons/lif_fixed.h"
#include "sim/op/fetch.h"
#include "sim/op/fixed.h"
#include "sim/op/tile.h"

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
void step_rows_with(const LifRows& rows) {
  std::int32_t* v = rows.v;
  const std::int32_t* x = rows.x;
  std::uint64_t* spikes = rows.spikes;
  for (std::int64_t p = 0; p < rows.pixels; ++p) {
    *spikes = step_word<reset>(v, x, rows.neurons, rows.channels);
    v += rows.v_stride;
    x += rows.x_stride;
    spikes += rows.spike_stride;
  }
}

void step_rows(Reset reset, const LifRows& rows) {
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

class LifFixedCpu : public LifFixedKernel, public TileNeuron {
 public:
  using LifFixedKernel::LifFixedKernel;
  const TileNeuron* tile_neuron() const override { return this; }

  void step(const StepArgs& args) const override {
    const std::int64_t channels = input_.shape.channels;
    const std::int64_t words = input_.words_per_pixel();
    const auto step_one = HWY_DYNAMIC_DISPATCH(step_rows);
    for_stateful_items(
        args, input_.shape.pixels(), channels,
        [&](int lane, std::int64_t begin, std::int64_t end, ScratchMemory scratch) {
          auto* padded = scratch.take<std::int32_t>(row_);
          std::fill_n(padded, row_, 0);
          for (std::int64_t pixel = begin; pixel < end; ++pixel) {
            const std::int32_t* x = pixel_integers(input_, args.inputs[0], lane, pixel, padded);
            if (channels < row_ && x != padded) {
              std::copy(x, x + channels, padded);
              x = padded;
            }
            for (std::int64_t c = 0; c < row_; c += 64) {
              step_one(reset_, {args.state.int32(lane) + pixel * row_ + c, x + c, channels_.neurons().from(c),
                                args.output.spikes(lane) + pixel * words + c / 64, 1,
                                std::min<std::int64_t>(64, row_ - c), 0, 0, 0});
            }
          }
        });
  }

  void step_tile(const Tile& tile, const SignalView& state, const SignalView& output) const override {
    const std::int64_t words = input_.words_per_pixel();
    std::int32_t* v = state.int32(tile.lane) + tile.first_pixel * row_ + tile.first_channel;
    std::uint64_t* spikes = output.spikes(tile.lane) + tile.first_pixel * words + tile.first_channel / 64;
    const std::int64_t channels = std::min(tile.width, row_ - tile.first_channel);
    HWY_DYNAMIC_DISPATCH(step_rows)
    (reset_, {v, tile.currents, channels_.neurons().from(tile.first_channel), spikes, tile.pixels, channels,
              row_, tile.width, words});
  }

  void expect_tile(const Tile& tile, const SignalView& state) const override {
    const std::int32_t* v = state.int32(tile.lane) + tile.first_pixel * row_ + tile.first_channel;
    const std::int64_t channels = std::min(tile.width, row_ - tile.first_channel);
    for (std::int64_t p = 0; p < tile.pixels; ++p, v += row_) fetch(v, channels * 4);
  }
};

}  // namespace

std::unique_ptr<HostKernel> make_lif_fixed_cpu(const NodeContext& context, const NodePlan& /*plan*/) {
  return std::make_unique<LifFixedCpu>(context);
}

}  // namespace rheobase
#endif  // HWY_ONCE
