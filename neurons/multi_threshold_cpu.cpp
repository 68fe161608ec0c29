// Multi-threshold neurons on the cpu: the equation of multi_threshold_step.h on vectors, in both arithmetics,
// from a stored current or tile by tile behind a synapse.
#include <algorithm>
#include <type_traits>

#include "neurons/multi_threshold_kernels.h"
#include "sim/op/fixed.h"
#include "sim/op/host/host_loops.h"
#include "sim/op/host/prefetch.h"
#include "sim/op/host/tile.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "neurons/multi_threshold_cpu.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h, as Highway requires.
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace rheobase::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Integers = hn::CappedTag<std::int32_t, 16>;
constexpr std::int64_t lanes = hn::MaxLanes(Integers());

HWY_INLINE void store_events(hn::Vec<Integers> events, float* out) {
  hn::StoreU(hn::ConvertTo(hn::CappedTag<float, 16>(), events), hn::CappedTag<float, 16>(), out);
}
HWY_INLINE void store_events(hn::Vec<Integers> events, std::int16_t* out) {
  const hn::Rebind<std::int16_t, Integers> d;
  hn::StoreU(hn::DemoteTo(d, events), d, out);
}

HWY_INLINE hn::Vec<Integers> as_number(Integers /*d*/, hn::Vec<Integers> events) { return events; }
HWY_INLINE hn::Vec<hn::CappedTag<float, 16>> as_number(hn::CappedTag<float, 16> d, hn::Vec<Integers> events) {
  return hn::ConvertTo(d, events);
}

// The events' sizes, 2^k or 0, level by level: by sums and comparisons alone.
template <class D>
HWY_INLINE hn::Vec<Integers> largest_event(D /*d*/, hn::Vec<D> magnitude, hn::Vec<D> trigger,
                                           hn::Vec<Integers> room, int levels) {
  const Integers di;
  auto event = hn::Zero(di);
  for (int k = 0; k < levels; ++k) {
    if (k > 0) trigger = hn::Add(trigger, trigger);
    const auto size = hn::Set(di, std::int32_t{1} << k);
    const auto too_small = hn::Or(hn::RebindMask(di, hn::Lt(magnitude, trigger)), hn::Lt(room, size));
    event = hn::IfThenElse(too_small, event, size);
  }
  return event;
}

// Towards 0, for numbers below 2^31: without what hn::ConvertTo does for others.
HWY_INLINE hn::Vec<Integers> truncate(hn::Vec<hn::CappedTag<float, 16>> x) {
#if HWY_TARGET == HWY_AVX3
  return hn::Vec<Integers>{_mm512_cvttps_epi32(x.raw)};
#elif HWY_TARGET == HWY_AVX2
  return hn::Vec<Integers>{_mm256_cvttps_epi32(x.raw)};
#else
  return hn::ConvertTo(Integers(), x);
#endif
}

HWY_INLINE hn::Vec<hn::CappedTag<float, 16>> as_float(hn::CappedTag<float, 16> /*d*/,
                                                      hn::Vec<hn::CappedTag<float, 16>> magnitude) {
  return magnitude;
}
HWY_INLINE hn::Vec<hn::CappedTag<float, 16>> as_float(Integers /*d*/, hn::Vec<Integers> magnitude) {
  return hn::ConvertTo(hn::CappedTag<float, 16>(), magnitude);
}

// The same at once, from exponents. The bits of positive floats less those of a trigger are, seen as a float
// when those of 1 are added, 2^k to 2^(k + 1) where the magnitude is 2^k to 2^(k + 1) times the trigger: its
// power of two is what the mask leaves. Magnitudes up to `top` and what is left of the room, where it
// matters, are exact as floats.
template <class D>
HWY_INLINE hn::Vec<Integers> largest_event_at_once(D d, hn::Vec<D> magnitude, hn::Vec<D> top,
                                                   hn::Vec<Integers> trigger_bits, hn::Vec<Integers> room) {
  const Integers di;
  const hn::CappedTag<float, 16> df;
  const auto bits = hn::BitCast(di, as_float(d, hn::Min(magnitude, top)));
  const auto times = hn::BitCast(df, hn::Max(hn::Sub(bits, trigger_bits), hn::Zero(di)));
  const auto least = hn::BitCast(di, hn::Min(times, hn::ConvertTo(df, room)));
  return truncate(hn::BitCast(df, hn::And(least, hn::Set(di, 0x7f800000))));  // less than 1: 0
}

// Advances the neurons c, c + 1, ... of one vector.
template <bool AtOnce, class Number, class Event>
HWY_INLINE void step_vector(const MultiThresholdTile<Number, Event>& tile, std::int64_t c, Number* v_at,
                            std::int32_t* net_at, const Number* x_at, Event* events) {
  const hn::CappedTag<Number, 16> d;
  const Integers di;
  const auto v = hn::Add(hn::LoadU(d, v_at + c), hn::LoadU(d, x_at + c));
  const auto net = hn::LoadU(di, net_at + c);
  const auto ceiling = hn::LoadU(di, tile.ceiling + c);
  const auto negative = hn::Lt(v, hn::Zero(d));
  const auto is_negative = hn::RebindMask(di, negative);
  const auto magnitude = hn::Abs(v);
  const auto room = hn::IfThenElse(is_negative, net, hn::Sub(ceiling, net));
  auto event = hn::Zero(di);
  if constexpr (AtOnce)
    event = largest_event_at_once(d, magnitude, hn::LoadU(d, tile.top + c),
                                  hn::LoadU(di, tile.trigger_bits + c), room);
  else
    event = largest_event(d, magnitude, hn::LoadU(d, tile.trigger + c), room, tile.levels);
  event = hn::IfThenElse(is_negative, hn::Neg(event), event);
  hn::StoreU(hn::Sub(v, hn::Mul(as_number(d, event), hn::LoadU(d, tile.unit + c))), d, v_at + c);
  hn::StoreU(hn::Add(net, event), di, net_at + c);
  store_events(event, events + c);
}

template <bool AtOnce, class Number, class Event>
HWY_INLINE void step_pixels(const MultiThresholdTile<Number, Event>& given) {
  const MultiThresholdTile<Number, Event> tile = given;  // which no store below can change
  Number* v = tile.v;
  std::int32_t* net = tile.net;
  const Number* x = tile.x;
  Event* events = tile.events;
  for (std::int64_t p = 0; p < tile.pixels; ++p) {
    std::int64_t c = 0;
    for (; c + lanes <= tile.channels; c += lanes) step_vector<AtOnce>(tile, c, v, net, x, events);
    for (; c < tile.channels; ++c) {
      events[c] = static_cast<Event>(multi_threshold_step<Number>(
          v[c], net[c], x[c], tile.levels, {tile.unit[c], tile.trigger[c], tile.ceiling[c]}));
    }
    v += tile.state_step;
    net += tile.state_step;
    x += tile.x_step;
    events += tile.event_step;
  }
}

// A few levels are tried faster than exponents are found.
constexpr int levels_at_once = 3;

template <class Number, class Event>
HWY_INLINE void step_tile(const MultiThresholdTile<Number, Event>& tile) {
  if (tile.top != nullptr && tile.levels >= levels_at_once) {
    step_pixels<true>(tile);
  } else {
    step_pixels<false>(tile);
  }
}

void step_real_tile(const MultiThresholdTile<float, float>& tile) { step_tile(tile); }
void step_fixed_tile(const MultiThresholdTile<std::int32_t, std::int16_t>& tile) { step_tile(tile); }

}  // namespace rheobase::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace rheobase {

HWY_EXPORT(step_real_tile);
HWY_EXPORT(step_fixed_tile);

namespace {

auto stepper(float /*number*/) { return HWY_DYNAMIC_DISPATCH(step_real_tile); }
auto stepper(std::int32_t /*number*/) { return HWY_DYNAMIC_DISPATCH(step_fixed_tile); }

template <class Number, class Event>
class MultiThresholdCpu : public MultiThresholdKernel<Number>, public TileNeuron {
 public:
  using Base = MultiThresholdKernel<Number>;
  using Base::Base;
  const TileNeuron* tile_neuron() const override { return input_.unit_scale() ? this : nullptr; }
  bool takes_reals() const override { return std::is_same_v<Number, float>; }

  void step(const StepArgs& args) const override {
    const std::int64_t channels = input_.shape.channels;
    const auto run = stepper(Number{});
    for_stateful_items(
        args, input_.shape.pixels(), channels,
        [&](int lane, std::int64_t begin, std::int64_t end, ScratchMemory scratch) {
          auto* values = scratch.take<Number>(row_);
          for (std::int64_t pixel = begin; pixel < end; ++pixel) {
            run(tile_at({lane, pixel, 1, 0, channels}, {current(args, lane, pixel, values), channels},
                        args.state, args.output));
          }
        });
  }

  void step_tile(const Tile& tile, const SignalView& state, const SignalView& output) const override {
    const auto run = stepper(Number{});
    const Number* x = nullptr;
    if constexpr (std::is_same_v<Number, float>)
      x = tile.reals;
    else
      x = tile.currents;
    run(tile_at({tile.lane, tile.first_pixel, tile.pixels, tile.first_channel, tile.channels},
                {x, tile.width}, state, output));
  }

  void expect_tile(const Tile& tile, const SignalView& state) const override {
    for (std::int64_t p = 0; p < tile.pixels; ++p) {
      const std::int32_t* v = state_of(state, tile.lane, tile.first_pixel + p) + tile.first_channel;
      prefetch(v, tile.channels * 4);
      prefetch(v + row_, tile.channels * 4);
    }
  }

 private:
  struct Place {
    int lane;
    std::int64_t pixel, pixels, first_channel, channels;
  };
  struct Currents {
    const Number* x;
    std::int64_t step;  // from one pixel to the next
  };

  std::int32_t* state_of(const SignalView& state, int lane, std::int64_t pixel) const {
    return state.int32(lane) + pixel * this->stride();
  }

  MultiThresholdTile<Number, Event> tile_at(const Place& at, const Currents& currents,
                                            const SignalView& state, const SignalView& output) const {
    std::int32_t* words = state_of(state, at.lane, at.pixel) + at.first_channel;
    const std::int64_t channels = input_.shape.channels;
    auto* events = reinterpret_cast<Event*>(output.entry(at.lane)) + at.pixel * channels;
    return {reinterpret_cast<Number*>(words),
            words + row_,
            currents.x,
            events + at.first_channel,
            this->unit_.data() + at.first_channel,
            this->trigger_.data() + at.first_channel,
            this->ceiling_.data() + at.first_channel,
            at.channels,
            at.pixels,
            this->stride(),
            currents.step,
            channels,
            this->levels_,
            this->exact_ ? this->top_.data() + at.first_channel : nullptr,
            this->trigger_bits_.data() + at.first_channel};
  }

  const Number* current(const StepArgs& args, int lane, std::int64_t pixel, Number* values) const {
    if constexpr (std::is_same_v<Number, float>)
      return pixel_values(input_, args.inputs[0], lane, pixel, values);
    else
      return pixel_integers(input_, args.inputs[0], lane, pixel, values);
  }

  using Base::input_;
  using Base::row_;
};

}  // namespace

std::unique_ptr<HostKernel> make_multi_threshold_cpu(const NodeContext& context, const NodePlan& /*plan*/) {
  return std::make_unique<MultiThresholdCpu<float, float>>(context);
}
std::unique_ptr<HostKernel> make_multi_threshold_fixed_cpu(const NodeContext& context,
                                                           const NodePlan& /*plan*/) {
  return std::make_unique<MultiThresholdCpu<std::int32_t, std::int16_t>>(context);
}

}  // namespace rheobase
#endif  // HWY_ONCE
