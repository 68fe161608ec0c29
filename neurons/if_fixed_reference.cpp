#include <algorithm>
#include <cstring>
#include <limits>

#include "neurons/if_fixed.h"
#include "neurons/if_step.h"
#include "sim/op/fixed.h"

namespace rheobase {
namespace {

constexpr std::int64_t int32_max = std::numeric_limits<std::int32_t>::max();

class IfFixedReference : public IfFixedKernel {
 public:
  using IfFixedKernel::IfFixedKernel;

  void step(const StepArgs& args) const override {
    const std::int64_t words = input_.words_per_pixel();
    auto* scratch = args.scratch(0).take<std::int32_t>(row_);
    for (const int lane : args.lanes) {
      for (std::int64_t pixel = 0; pixel < input_.shape.pixels(); ++pixel) {
        const std::int32_t* x = pixel_integers(input_, args.inputs[0], lane, pixel, scratch);
        std::int32_t* v = args.state.int32(lane) + pixel * row_;
        std::uint64_t* spikes = args.output.spikes(lane) + pixel * words;
        std::fill(spikes, spikes + words, 0);
        for (std::int64_t c = 0; c < input_.shape.channels; ++c) {
          const bool fire = if_step(v[c], x[c], v_threshold_[c], reset_, v_reset_);
          spikes[c / 64] |= static_cast<std::uint64_t>(fire) << (c % 64);
        }
      }
    }
  }
};

}  // namespace

IfFixedKernel::IfFixedKernel(const KernelContext& context)
    : input_(context.inputs[0]), row_((input_.shape.channels + 15) / 16 * 16) {
  const IfParameters parameters = IfParameters::of(context.node);
  v_threshold_ = integers_per_channel(parameters.v_threshold, input_.shape.channels);
  v_init_ = integers_per_channel(parameters.v_init, input_.shape.channels);
  v_threshold_.resize(row_, std::numeric_limits<std::int32_t>::max());
  v_init_.resize(row_, 0);
  reset_ = parameters.reset;
  v_reset_ = static_cast<std::int32_t>(parameters.v_reset);
}

SignalSpec IfFixedKernel::output() const { return {SignalType::spikes, input_.shape, {1.0F}, false}; }

std::size_t IfFixedKernel::state_size() const {
  return static_cast<std::size_t>(input_.shape.pixels() * row_);
}

void IfFixedKernel::reset(std::span<std::byte> state) const {
  const std::size_t bytes = v_init_.size() * sizeof(std::int32_t);
  for (std::size_t i = 0; i < state.size(); i += bytes) std::memcpy(state.data() + i, v_init_.data(), bytes);
}

std::int64_t IfFixedKernel::max_steps() const {
  std::int64_t start = std::abs(std::int64_t{v_reset_});
  for (const std::int32_t v : v_init_) start = std::max(start, std::abs(std::int64_t{v}));
  const std::int64_t most = std::max({-input_.low, input_.high, std::int64_t{1}});
  return (int32_max - start) / most;
}

std::unique_ptr<Kernel> make_if_fixed_reference(const KernelContext& context) {
  return std::make_unique<IfFixedReference>(context);
}

}  // namespace rheobase
