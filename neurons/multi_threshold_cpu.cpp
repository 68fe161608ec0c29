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

// The exponent k of the largest 2^k trigger that `magnitude` reaches: the difference of two positive floats'
// bits, whose upper part is that of their exponents, less 1 where the borrow of the lower part says so. Less
// than 0 where it reaches none. For triggers that are normal numbers.
HWY_INLINE hn::Vec<Integers> octaves(hn::Vec<hn::CappedTag<float, 16>> magnitude,
                                     hn::Vec<hn::CappedTag<float, 16>> trigger) {
  const Integers di;
  return hn::ShiftRight<23>(hn::Sub(hn::BitCast(di, magnitude), hn::BitCast(di, trigger)));
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

// The same at once, from exponents: what is left of the room is at most 2^levels, exact as a float.
HWY_INLINE hn::Vec<Integers> largest_event_at_once(hn::Vec<hn::CappedTag<float, 16>> magnitude,
                                                   hn::Vec<hn::CappedTag<float, 16>> trigger,
                                                   hn::Vec<Integers> room, int levels) {
  const Integers di;
  const hn::CappedTag<float, 16> d;
  const auto most = hn::Set(di, std::int32_t{1} << (levels - 1));
  const auto places = hn::ConvertTo(d, hn::Min(room, most));
  const auto none = hn::Or(hn::RebindMask(di, hn::Lt(magnitude, trigger)), hn::Lt(room, hn::Set(di, 1)));
  const auto k = hn::Min(octaves(magnitude, trigger), octaves(places, hn::Set(d, 1.0F)));
  const auto size = hn::BitCast(d, hn::ShiftLeft<23>(hn::Add(k, hn::Set(di, 127))));
  return hn::IfThenElse(none, hn::Zero(di), hn::ConvertTo(di, size));
}

// Advances the neurons c, c + 1, ... of one vector.
template <bool AtOnce, class Number, class Event>
HWY_INLINE void step_vector(const MultiThresholdRow<Number, Event>& row, std::int64_t c) {
  const hn::CappedTag<Number, 16> d;
  const Integers di;
  const auto v = hn::Add(hn::LoadU(d, row.v + c), hn::LoadU(d, row.x + c));
  const auto net = hn::LoadU(di, row.net + c);
  const auto ceiling = hn::LoadU(di, row.ceiling + c);
  const auto negative = hn::Lt(v, hn::Zero(d));
  const auto is_negative = hn::RebindMask(di, negative);
  const auto magnitude = hn::Abs(v);
  const auto room = hn::IfThenElse(is_negative, net, hn::Sub(ceiling, net));
  const auto trigger = hn::LoadU(d, row.trigger + c);
  auto event = hn::Zero(di);
  if constexpr (AtOnce)
    event = largest_event_at_once(magnitude, trigger, room, row.levels);
  else
    event = largest_event(d, magnitude, trigger, room, row.levels);
  event = hn::IfThenElse(is_negative, hn::Neg(event), event);
  hn::StoreU(hn::Sub(v, hn::Mul(as_number(d, event), hn::LoadU(d, row.unit + c))), d, row.v + c);
  hn::StoreU(hn::Add(net, event), di, row.net + c);
  store_events(event, row.events + c);
}

template <bool AtOnce, class Number, class Event>
HWY_INLINE void step_row(const MultiThresholdRow<Number, Event>& row) {
  std::int64_t c = 0;
  for (; c + lanes <= row.count; c += lanes) step_vector<AtOnce>(row, c);
  for (; c < row.count; ++c) {
    row.events[c] = static_cast<Event>(multi_threshold_step<Number>(
        row.v[c], row.net[c], row.x[c], row.levels, {row.unit[c], row.trigger[c], row.ceiling[c]}));
  }
}

void step_real_row(const MultiThresholdRow<float, float>& row) {
  if (row.normal) {
    step_row<true>(row);
  } else {
    step_row<false>(row);
  }
}
void step_fixed_row(const MultiThresholdRow<std::int32_t, std::int16_t>& row) { step_row<false>(row); }

}  // namespace rheobase::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace rheobase {

HWY_EXPORT(step_real_row);
HWY_EXPORT(step_fixed_row);

namespace {

auto stepper(float /*number*/) { return HWY_DYNAMIC_DISPATCH(step_real_row); }
auto stepper(std::int32_t /*number*/) { return HWY_DYNAMIC_DISPATCH(step_fixed_row); }

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
            run(row({lane, pixel, 0, channels}, current(args, lane, pixel, values), args.state, args.output));
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
    for (std::int64_t p = 0; p < tile.pixels; ++p, x += tile.width)
      run(row({tile.lane, tile.first_pixel + p, tile.first_channel, tile.channels}, x, state, output));
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
    std::int64_t pixel, first_channel, channels;
  };

  std::int32_t* state_of(const SignalView& state, int lane, std::int64_t pixel) const {
    return state.int32(lane) + pixel * this->stride();
  }

  MultiThresholdRow<Number, Event> row(const Place& at, const Number* x, const SignalView& state,
                                       const SignalView& output) const {
    std::int32_t* words = state_of(state, at.lane, at.pixel) + at.first_channel;
    auto* events = reinterpret_cast<Event*>(output.entry(at.lane)) + at.pixel * input_.shape.channels;
    return {reinterpret_cast<Number*>(words),
            words + row_,
            x,
            events + at.first_channel,
            this->unit_.data() + at.first_channel,
            this->trigger_.data() + at.first_channel,
            this->ceiling_.data() + at.first_channel,
            at.channels,
            this->levels_,
            this->normal_};
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
