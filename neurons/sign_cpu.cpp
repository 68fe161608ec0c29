// Sign on the cpu: comparisons of vectors, 64 channels to a word, of stored reals or tile by tile of the
// integer sums of a binary synapse.
#include <cmath>
#include <cstring>

#include "neurons/sign_kernels.h"
#include "neurons/sign_step.h"
#include "sim/op/host/host_loops.h"
#include "sim/op/host/tile.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "neurons/sign_cpu.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h, as Highway requires.
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace rheobase::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

HWY_INLINE auto at_least(hn::Vec<hn::CappedTag<float, 16>> z, hn::Vec<hn::CappedTag<float, 16>> threshold) {
  return hn::Ge(z, threshold);
}
HWY_INLINE auto at_least(hn::Vec<hn::CappedTag<std::int32_t, 16>> z,
                         hn::Vec<hn::CappedTag<std::int32_t, 16>> threshold) {
  return hn::Not(hn::Lt(z, threshold));
}

// The bits of `count` <= 64 numbers: set where z >= threshold.
template <class Number>
HWY_INLINE std::uint64_t compare_word(const Number* z, const Number* threshold, std::int64_t count) {
  const hn::CappedTag<Number, 16> d;
  constexpr std::int64_t n = hn::MaxLanes(hn::CappedTag<Number, 16>());
  std::uint64_t word = 0;
  std::int64_t c = 0;
  for (; c + n <= count; c += n) {
    std::uint8_t bits[8] = {};
    hn::StoreMaskBits(d, at_least(hn::LoadU(d, z + c), hn::LoadU(d, threshold + c)), bits);
    word |= static_cast<std::uint64_t>(bits[0] | bits[1] << 8) << c;
  }
  for (; c < count; ++c) word |= std::uint64_t{z[c] >= threshold[c]} << c;
  return word;
}

void compare_reals(const float* z, const float* threshold, std::int64_t channels, std::uint64_t* words) {
  for (std::int64_t c = 0; c < channels; c += 64)
    words[c / 64] = compare_word(z + c, threshold + c, std::min<std::int64_t>(64, channels - c));
}

void compare_sums(const Tile& tile, const std::int32_t* threshold, std::int64_t word_stride,
                  std::uint64_t* words) {
  for (std::int64_t p = 0; p < tile.pixels; ++p)
    words[p * word_stride] = compare_word(tile.currents + p * tile.width, threshold, tile.channels);
}

}  // namespace rheobase::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace rheobase {

HWY_EXPORT(compare_reals);
HWY_EXPORT(compare_sums);

namespace {

// The least integer that reaches a threshold.
std::int32_t least_sum(float threshold) {
  constexpr float most = 1 << 30;
  return static_cast<std::int32_t>(std::ceil(std::clamp(threshold, -most, most)));
}

class SignCpu : public SignKernel, public TileNeuron {
 public:
  explicit SignCpu(const NodeContext& context) : SignKernel(context) {
    for (const float threshold : threshold_) least_sum_.push_back(least_sum(threshold));
  }
  const TileNeuron* tile_neuron() const override { return this; }

  void step(const StepArgs& args) const override {
    const std::int64_t channels = input_.shape.channels;
    const std::int64_t words = input_.words_per_pixel();
    const auto compare = HWY_DYNAMIC_DISPATCH(compare_reals);
    for_lane_items(args, input_.shape.pixels(), channels,
                   [&](int lane, std::int64_t begin, std::int64_t end, ScratchMemory scratch) {
                     auto* values = scratch.take<float>(channels);
                     for (std::int64_t pixel = begin; pixel < end; ++pixel) {
                       const float* z = pixel_values(input_, args.inputs[0], lane, pixel, values);
                       compare(z, threshold_.data(), channels, args.output.spikes(lane) + pixel * words);
                     }
                   });
  }

  void step_tile(const Tile& tile, const SignalView& /*state*/, const SignalView& output) const override {
    const std::int64_t words = input_.words_per_pixel();
    std::uint64_t* first = output.spikes(tile.lane) + tile.first_pixel * words + tile.first_channel / 64;
    HWY_DYNAMIC_DISPATCH(compare_sums)(tile, least_sum_.data() + tile.first_channel, words, first);
  }
  void expect_tile(const Tile& /*tile*/, const SignalView& /*state*/) const override {}

 private:
  std::vector<std::int32_t> least_sum_;  // one a channel
};

}  // namespace

std::unique_ptr<HostKernel> make_sign_cpu(const NodeContext& context, const NodePlan& /*plan*/) {
  return std::make_unique<SignCpu>(context);
}

}  // namespace rheobase
#endif  // HWY_ONCE
