// IF on the cpu: the equation of if_step.h on vectors, 64 channels to a word of spikes.
#include "neurons/if_kernels.h"
#include "neurons/if_step.h"
#include "neurons/spiking_loops.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "neurons/if_cpu.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h, as Highway requires.
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace rheobase::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Floats = hn::CappedTag<float, 16>;
constexpr std::int64_t lanes = hn::MaxLanes(Floats());

// Advances `count` <= 64 neurons and returns their spikes as bits.
template <Reset reset>
HWY_INLINE std::uint64_t step_word(float* v, const float* x, const float* v_threshold, float v_reset,
                                   std::int64_t count) {
  const Floats d;
  std::uint64_t spikes = 0;
  std::int64_t c = 0;
  for (; c + lanes <= count; c += lanes) {
    const auto threshold = hn::LoadU(d, v_threshold + c);
    const auto potential = hn::Add(hn::LoadU(d, v + c), hn::LoadU(d, x + c));
    const auto fire = hn::Ge(potential, threshold);
    auto after = potential;
    if constexpr (reset == Reset::subtract) after = hn::Sub(potential, hn::IfThenElseZero(fire, threshold));
    if constexpr (reset == Reset::zero) after = hn::IfThenElse(fire, hn::Set(d, v_reset), potential);
    hn::StoreU(after, d, v + c);
    std::uint8_t bits[8] = {};
    hn::StoreMaskBits(d, fire, bits);
    spikes |= static_cast<std::uint64_t>(bits[0] | bits[1] << 8) << c;
  }
  for (; c < count; ++c) {
    spikes |= static_cast<std::uint64_t>(if_step(v[c], x[c], v_threshold[c], reset, v_reset)) << c;
  }
  return spikes;
}

template <Reset reset>
void step_pixel_with(float* v, const float* x, const float* v_threshold, float v_reset, std::int64_t channels,
                     std::uint64_t* spikes) {
  for (std::int64_t c = 0; c < channels; c += 64) {
    spikes[c / 64] =
        step_word<reset>(v + c, x + c, v_threshold + c, v_reset, std::min<std::int64_t>(64, channels - c));
  }
}

void step_pixel(Reset reset, float* v, const float* x, const float* v_threshold, float v_reset,
                std::int64_t channels, std::uint64_t* spikes) {
  switch (reset) {
    case Reset::subtract:
      return step_pixel_with<Reset::subtract>(v, x, v_threshold, v_reset, channels, spikes);
    case Reset::zero:
      return step_pixel_with<Reset::zero>(v, x, v_threshold, v_reset, channels, spikes);
    case Reset::none:
      return step_pixel_with<Reset::none>(v, x, v_threshold, v_reset, channels, spikes);
  }
}

}  // namespace rheobase::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace rheobase {

HWY_EXPORT(step_pixel);

namespace {

class IfPixels : public IfKernel {
 public:
  using IfKernel::IfKernel;

 protected:
  auto stepper() const {
    return [step = HWY_DYNAMIC_DISPATCH(step_pixel), reset = reset_, v_threshold = v_threshold_.data(),
            v_reset = v_reset_,
            channels = input_.shape.channels](float* v, const float* x, std::uint64_t* spikes) {
      step(reset, v, x, v_threshold, v_reset, channels, spikes);
    };
  }
};

}  // namespace

std::unique_ptr<HostKernel> make_if_cpu(const NodeContext& context, const NodePlan& /*plan*/) {
  return std::make_unique<FloatNeuronCpu<IfPixels>>(context);
}

}  // namespace rheobase
#endif  // HWY_ONCE
