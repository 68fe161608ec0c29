// BurstLIF on the cpu: the equation of burst_lif_step.h on vectors, from a stored current or tile by tile
// behind a synapse.
#include "neurons/burst_lif_kernels.h"
#include "sim/op/host/host_loops.h"
#include "sim/op/host/prefetch.h"
#include "sim/op/host/tile.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "neurons/burst_lif_cpu.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h, as Highway requires.
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace rheobase::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Advances the neurons c, c + 1, ... of one vector. Multiplies and adds apart: the equation rounds each.
template <class D>
HWY_INLINE void step_vector(D d, float* HWY_RESTRICT v, const float* HWY_RESTRICT x,
                            const BurstLifNeurons& neurons, std::int64_t c, float* HWY_RESTRICT spikes) {
  const auto threshold = hn::LoadU(d, neurons.v_threshold + c);
  const auto v_min = hn::LoadU(d, neurons.v_min + c);
  const auto left = hn::Mul(hn::LoadU(d, v + c), hn::LoadU(d, neurons.decay + c));
  const auto potential = hn::Add(left, hn::LoadU(d, x + c));
  const auto silent = hn::Lt(potential, threshold);
  auto burst = hn::Zero(d);
  auto after = potential;
  if (!hn::AllTrue(d, silent)) {  // few steps of few neurons take a division
    const auto most = hn::Set(d, neurons.most);
    const auto fitting = hn::IfThenZeroElse(silent, hn::Floor(hn::Div(potential, threshold)));
    burst = hn::IfThenElse(hn::Lt(fitting, most), fitting, most);
    after = hn::Sub(potential, hn::Mul(burst, threshold));
  }
  hn::StoreU(hn::IfThenElse(hn::Lt(after, v_min), v_min, after), d, v + c);
  hn::StoreU(burst, d, spikes + c);
}

template <std::size_t Lanes>
HWY_INLINE std::int64_t step_vectors(float* HWY_RESTRICT v, const float* HWY_RESTRICT x,
                                     const BurstLifNeurons& neurons, std::int64_t c, std::int64_t count,
                                     float* HWY_RESTRICT spikes) {
  const hn::CappedTag<float, Lanes> d;
  constexpr std::int64_t lanes = hn::MaxLanes(d);
  for (; c + lanes <= count; c += lanes) step_vector(d, v, x, neurons, c, spikes);
  return c;
}

// Neurons of one pixel: few channels fill half or a quarter of a vector.
HWY_INLINE void step_row(float* HWY_RESTRICT v, const float* HWY_RESTRICT x, const BurstLifNeurons& neurons,
                         std::int64_t count, float* HWY_RESTRICT spikes) {
  std::int64_t c = step_vectors<16>(v, x, neurons, 0, count, spikes);
  c = step_vectors<8>(v, x, neurons, c, count, spikes);
  c = step_vectors<4>(v, x, neurons, c, count, spikes);
  for (; c < count; ++c) spikes[c] = burst_lif_step(v[c], x[c], neurons[c]);
}

void step_rows(const BurstRows& rows, const BurstLifNeurons& neurons) {
  for (std::int64_t p = 0; p < rows.pixels; ++p)
    step_row(rows.v + p * rows.stride, rows.x + p * rows.x_stride, neurons, rows.channels,
             rows.spikes + p * rows.stride);
}

}  // namespace rheobase::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace rheobase {

HWY_EXPORT(step_rows);

namespace {

class BurstLifCpu : public BurstLifKernel, public TileNeuron {
 public:
  using BurstLifKernel::BurstLifKernel;
  const TileNeuron* tile_neuron() const override { return input_.unit_scale() ? this : nullptr; }
  bool takes_reals() const override { return true; }

  void step(const StepArgs& args) const override {
    const std::int64_t channels = input_.shape.channels;
    const auto run = HWY_DYNAMIC_DISPATCH(step_rows);
    for_stateful_items(
        args, input_.shape.pixels(), channels,
        [&](int lane, std::int64_t begin, std::int64_t end, ScratchMemory scratch) {
          auto* values = scratch.take<float>(channels);
          for (std::int64_t pixel = begin; pixel < end; ++pixel) {
            const std::int64_t first = pixel * channels;
            const float* x = pixel_values(input_, args.inputs[0], lane, pixel, values);
            run({args.state.real(lane) + first, x, args.output.real(lane) + first, 1, channels, 0, 0},
                neurons());
          }
        });
  }

  void step_tile(const Tile& tile, const SignalView& state, const SignalView& output) const override {
    const std::int64_t first = first_of(tile, 0);
    HWY_DYNAMIC_DISPATCH(step_rows)
    ({state.real(tile.lane) + first, tile.reals, output.real(tile.lane) + first, tile.pixels, tile.channels,
      input_.shape.channels, tile.width},
     neurons().from(tile.first_channel));
  }

  void expect_tile(const Tile& tile, const SignalView& state) const override {
    for (std::int64_t p = 0; p < tile.pixels; ++p)
      prefetch(state.int32(tile.lane) + first_of(tile, p), tile.channels * 4);
  }

 private:
  std::int64_t first_of(const Tile& tile, std::int64_t pixel) const {
    return (tile.first_pixel + pixel) * input_.shape.channels + tile.first_channel;
  }
};

}  // namespace

std::unique_ptr<HostKernel> make_burst_lif_cpu(const NodeContext& context, const NodePlan& /*plan*/) {
  return std::make_unique<BurstLifCpu>(context);
}

}  // namespace rheobase
#endif  // HWY_ONCE
