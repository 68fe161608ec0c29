// AvgPool2d of real numbers on the cpu: a vector of channels at a time through the window, in its row order.
#include <vector>

#include "sim/op/host/host_loops.h"
#include "sim/op/structural/pool2d_plan.h"
#include "sim/op/structural/structural_kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "sim/op/structural/avg_pool2d_cpu.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h, as Highway requires.
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace rheobase::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// out[c] = (0 + the pixels' numbers of channel c, one after the other) / divisor.
template <std::size_t Lanes>
HWY_INLINE std::int64_t average_vectors(std::span<const float* const> pixels, float divisor, std::int64_t c,
                                        std::int64_t channels, float* HWY_RESTRICT out) {
  const hn::CappedTag<float, Lanes> d;
  constexpr std::int64_t lanes = hn::MaxLanes(d);
  for (; c + lanes <= channels; c += lanes) {
    auto sum = hn::Zero(d);
    for (const float* pixel : pixels) sum = hn::Add(sum, hn::LoadU(d, pixel + c));
    hn::StoreU(hn::Div(sum, hn::Set(d, divisor)), d, out + c);
  }
  return c;
}

void average(std::span<const float* const> pixels, float divisor, std::int64_t channels,
             float* HWY_RESTRICT out) {
  std::int64_t c = average_vectors<16>(pixels, divisor, 0, channels, out);
  c = average_vectors<4>(pixels, divisor, c, channels, out);
  for (; c < channels; ++c) {
    float sum = 0.0F;
    for (const float* pixel : pixels) sum += pixel[c];
    out[c] = sum / divisor;
  }
}

}  // namespace rheobase::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace rheobase {

HWY_EXPORT(average);

namespace {

class RealAvgPool2d : public HostKernel {
 public:
  explicit RealAvgPool2d(const NodeContext& context) : plan_(context) {
    for (std::int64_t pixel = 0; pixel < plan_.output.pixels(); ++pixel) {
      const std::int64_t y = pixel / plan_.output.width, x = pixel % plan_.output.width;
      first_.push_back(static_cast<std::int64_t>(pixels_.size()));
      plan_.for_window(y, x,
                       [&](std::int64_t from) { pixels_.push_back(from * plan_.input.shape.channels); });
      divisors_.push_back(static_cast<float>(plan_.window_area(y, x)));
    }
    first_.push_back(static_cast<std::int64_t>(pixels_.size()));
  }

  std::size_t scratch_bytes() const override { return ScratchMemory::size<const float*>(window()); }

  void step(const StepArgs& args) const override {
    const std::int64_t channels = plan_.input.shape.channels;
    const auto run = HWY_DYNAMIC_DISPATCH(average);
    for_lane_items(args, plan_.output.pixels(), plan_.work(),
                   [&](int lane, std::int64_t begin, std::int64_t end, ScratchMemory scratch) {
                     auto* from = scratch.take<const float*>(window());
                     const float* image = args.inputs[0].real(lane);
                     for (std::int64_t pixel = begin; pixel < end; ++pixel) {
                       const std::int64_t count = first_[pixel + 1] - first_[pixel];
                       for (std::int64_t i = 0; i < count; ++i) from[i] = image + pixels_[first_[pixel] + i];
                       run({from, static_cast<std::size_t>(count)}, divisors_[pixel], channels,
                           args.output.real(lane) + pixel * channels);
                     }
                   });
  }

 private:
  std::int64_t window() const { return plan_.pool.window.kernel[0] * plan_.pool.window.kernel[1]; }

  Pool2dPlan plan_;
  // By output pixel: where its window's pixels begin, and what their sum is divided by.
  std::vector<std::int64_t> first_, pixels_;
  std::vector<float> divisors_;
};

}  // namespace

std::unique_ptr<HostKernel> make_avg_pool2d_cpu(const NodeContext& context, const NodePlan& plan) {
  if (context.inputs[0].type != SignalType::real32) return make_avg_pool2d(context, plan);
  return std::make_unique<RealAvgPool2d>(context);
}

}  // namespace rheobase
#endif  // HWY_ONCE
