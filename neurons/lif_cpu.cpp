// LIF on the cpu: the equation of lif_step.h on vectors, 64 channels to a word of spikes.
#include "neurons/lif_kernels.h"
#include "neurons/spiking_loops.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "neurons/lif_cpu.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h, as Highway requires.
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace rheobase::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Floats = hn::CappedTag<float, 16>;
constexpr std::int64_t lanes = hn::MaxLanes(Floats());

// Advances `count` <= 64 neurons and returns their spikes as bits. Multiplies and adds apart: the equation
// rounds each.
template <Reset reset>
HWY_INLINE std::uint64_t step_word(float* v, const float* x, const LifNeurons<float>& neurons,
                                   std::int64_t count) {
  const Floats d;
  std::uint64_t spikes = 0;
  std::int64_t c = 0;
  for (; c + lanes <= count; c += lanes) {
    const auto v_leak = hn::LoadU(d, neurons.v_leak + c);
    const auto threshold = hn::LoadU(d, neurons.v_threshold + c);
    const auto left = hn::Mul(hn::Sub(hn::LoadU(d, v + c), v_leak), hn::LoadU(d, neurons.decay + c));
    const auto potential = hn::Add(hn::Add(v_leak, left), hn::LoadU(d, x + c));
    const auto fire = hn::Ge(potential, threshold);
    auto after = potential;
    if constexpr (reset == Reset::subtract) after = hn::Sub(potential, hn::IfThenElseZero(fire, threshold));
    if constexpr (reset == Reset::zero)
      after = hn::IfThenElse(fire, hn::LoadU(d, neurons.v_reset + c), potential);
    hn::StoreU(after, d, v + c);
    std::uint8_t bits[8] = {};
    hn::StoreMaskBits(d, fire, bits);
    spikes |= static_cast<std::uint64_t>(bits[0] | bits[1] << 8) << c;
  }
  for (; c < count; ++c) spikes |= std::uint64_t{lif_step(v[c], x[c], neurons[c], reset)} << c;
  return spikes;
}

template <Reset reset>
void step_pixel_with(float* v, const float* x, const LifNeurons<float>& neurons, std::int64_t channels,
                     std::uint64_t* spikes) {
  for (std::int64_t c = 0; c < channels; c += 64)
    spikes[c / 64] =
        step_word<reset>(v + c, x + c, neurons.from(c), std::min<std::int64_t>(64, channels - c));
}

void step_pixel(Reset reset, float* v, const float* x, const LifNeurons<float>& neurons,
                std::int64_t channels, std::uint64_t* spikes) {
  switch (reset) {
    case Reset::subtract:
      return step_pixel_with<Reset::subtract>(v, x, neurons, channels, spikes);
    case Reset::zero:
      return step_pixel_with<Reset::zero>(v, x, neurons, channels, spikes);
    case Reset::none:
      return step_pixel_with<Reset::none>(v, x, neurons, channels, spikes);
  }
}

}  // namespace rheobase::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace rheobase {

HWY_EXPORT(step_pixel);

namespace {

class LifPixels : public LifKernel {
 public:
  using LifKernel::LifKernel;

 protected:
  auto stepper() const {
    return [step = HWY_DYNAMIC_DISPATCH(step_pixel), reset = reset_, neurons = channels_.neurons(),
            channels = input_.shape.channels](float* v, const float* x, std::uint64_t* spikes) {
      step(reset, v, x, neurons, channels, spikes);
    };
  }
};

}  // namespace

std::unique_ptr<HostKernel> make_lif_cpu(const NodeContext& context, const NodePlan& /*plan*/) {
  return std::make_unique<FloatNeuronCpu<LifPixels>>(context);
}

}  // namespace rheobase
#endif  // HWY_ONCE
