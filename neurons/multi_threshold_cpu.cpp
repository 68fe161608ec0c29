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

// Advances the neurons c, c + 1, ... of one vector.
template <class Number, class Event>
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
  auto trigger = hn::LoadU(d, row.trigger + c);
  auto event = hn::Zero(di);
  for (int k = 0; k < row.levels; ++k) {
    if (k > 0) trigger = hn::Add(trigger, trigger);
    const auto size = hn::Set(di, std::int32_t{1} << k);
    const auto too_small = hn::Or(hn::RebindMask(di, hn::Lt(magnitude, trigger)), hn::Lt(room, size));
    event = hn::IfThenElse(too_small, event, size);
  }
  event = hn::IfThenElse(is_negative, hn::Neg(event), event);
  hn::StoreU(hn::Sub(v, hn::Mul(as_number(d, event), hn::LoadU(d, row.unit + c))), d, row.v + c);
  hn::StoreU(hn::Add(net, event), di, row.net + c);
  store_events(event, row.events + c);
}

template <class Number, class Event>
HWY_INLINE void step_row(const MultiThresholdRow<Number, Event>& row) {
  std::int64_t c = 0;
  for (; c + lanes <= row.count; c += lanes) step_vector(row, c);
  for (; c < row.count; ++c) {
    row.events[c] = static_cast<Event>(multi_threshold_step<Number>(
        row.v[c], row.net[c], row.x[c], row.levels, {row.unit[c], row.trigger[c], row.ceiling[c]}));
  }
}

void step_real_row(const MultiThresholdRow<float, float>& row) { step_row(row); }
void step_fixed_row(const MultiThresholdRow<std::int32_t, std::int16_t>& row) { step_row(row); }

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
            this->levels_};
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
