// BurstLIF in fixed arithmetic: what it is on every device, and its host kernels.
#include "neurons/burst_lif_fixed.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <vector>

#include "neurons/burst_lif_step.h"
#include "neurons/leak.h"
#include "sim/op/fixed.h"

namespace rheobase {
namespace {

using Limits = std::numeric_limits<std::int32_t>;
using Neuron = BurstLifNeuron<std::int32_t>;

std::vector<Neuron> neurons_of(const Node& node, std::int64_t channels) {
  const BurstLifParameters parameters = BurstLifParameters::of(node);
  const std::vector<std::int32_t> thresholds = integers_per_channel(parameters.v_threshold, channels);
  std::vector<std::int32_t> lowest(static_cast<std::size_t>(channels), Limits::min());
  if (parameters.v_min) lowest = integers_per_channel(*parameters.v_min, channels);
  const std::int32_t most =
      parameters.max_spikes == 0 ? Limits::max() : static_cast<std::int32_t>(parameters.max_spikes);
  std::vector<Neuron> result;
  for (std::int64_t c = 0; c < channels; ++c)
    result.push_back({fixed_decay_of(node, c), thresholds[c], lowest[c], most});
  return result;
}

// Steps until int32 might overflow; v is at most M at t = 0, M no less than v_threshold and |v_min|, |x| <=
// X. A burst leaves v between 0 and what it was, and a decay brings it nearer to 0, so |v| <= M + t X behind
// t steps, and |v| <= max(M, F) for ever where the decay is below 1 (leak.h). Where all spikes fit v is below
// the threshold behind a step, and where it also has a lower bound |v| <= M + X for ever.
std::int64_t max_steps_of(const Neuron& neuron, std::int64_t start, std::int64_t current, bool all_fit) {
  const bool bounded = neuron.v_min > Limits::min();
  const std::int64_t least = bounded ? -std::int64_t{neuron.v_min} : 0;
  const std::int64_t most = std::max({start, std::int64_t{neuron.v_threshold}, least});
  if (all_fit && bounded && most + current <= Limits::max()) return unlimited_steps;
  if (neuron.decay < 1 << lif_decay_bits &&
      std::max(most, leaky_reach(neuron.decay, current)) <= Limits::max())
    return unlimited_steps;
  return std::max<std::int64_t>(0, Limits::max() - most) / std::max<std::int64_t>(1, current);
}

void expect_int16(const Node& node, std::int64_t most) {
  if (most <= most_burst_spikes) return;
  throw InputError(
      "graph", node.name,
      fmt::format("may fire {} times a step, beyond the {} of fixed arithmetic: max_spikes bounds it", most,
                  most_burst_spikes));
}

class BurstLifFixed : public HostKernel {
 public:
  explicit BurstLifFixed(const NodeContext& context)
      : input_(context.inputs[0]), neurons_(neurons_of(context.node, input_.shape.channels)) {}
  std::size_t scratch_bytes() const override {
    return ScratchMemory::size<std::int32_t>(input_.shape.channels);
  }

 protected:
  void step_pixel(const StepArgs& args, int lane, std::int64_t pixel, std::int32_t* values) const {
    const std::int64_t channels = input_.shape.channels;
    const std::int32_t* x = pixel_integers(input_, args.inputs[0], lane, pixel, values);
    std::int32_t* v = args.state.int32(lane) + pixel * channels;
    std::int16_t* out = args.output.int16(lane) + pixel * channels;
    for (std::int64_t c = 0; c < channels; ++c)
      out[c] = static_cast<std::int16_t>(burst_lif_step(v[c], x[c], neurons_[c]));
  }

  SignalSpec input_;
  std::vector<Neuron> neurons_;  // one a channel
};

class BurstLifFixedReference : public BurstLifFixed {
 public:
  using BurstLifFixed::BurstLifFixed;
  void step(const StepArgs& args) const override {
    auto* values = args.scratch(0).take<std::int32_t>(input_.shape.channels);
    for (const int lane : args.lanes) {
      for (std::int64_t pixel = 0; pixel < input_.shape.pixels(); ++pixel)
        step_pixel(args, lane, pixel, values);
    }
  }
};

class BurstLifFixedCpu : public BurstLifFixed {
 public:
  using BurstLifFixed::BurstLifFixed;
  void step(const StepArgs& args) const override {
    for_stateful_items(args, input_.shape.pixels(), input_.shape.channels,
                       [&](int lane, std::int64_t begin, std::int64_t end, ScratchMemory scratch) {
                         auto* values = scratch.take<std::int32_t>(input_.shape.channels);
                         for (std::int64_t pixel = begin; pixel < end; ++pixel)
                           step_pixel(args, lane, pixel, values);
                       });
  }
};

}  // namespace

NodePlan plan_burst_lif_fixed(const NodeContext& context) {
  const SignalSpec& input = context.inputs[0];
  const std::int64_t channels = input.shape.channels, current = std::max(-input.low, input.high);
  const BurstLifParameters parameters = BurstLifParameters::of(context.node);
  const OpSchema schema = burst_lif_schema();
  const std::vector<Neuron> neurons = neurons_of(context.node, channels);
  const std::vector<std::int32_t> start = integers_per_channel(parameters.v_init, channels);
  NodePlan plan{{SignalType::int16, input.shape, {1.0F}, false}};
  plan.output.low = plan.output.high = 0;
  for (std::int64_t c = 0; c < channels; ++c) {
    const std::int64_t most = schema.most_events(context.node, c, input.high);
    const bool all_fit = parameters.max_spikes == 0 || most < parameters.max_spikes;
    plan.output.high = std::max(plan.output.high, most);
    plan.max_steps = std::min(plan.max_steps,
                              max_steps_of(neurons[c], std::abs(std::int64_t{start[c]}), current, all_fit));
  }
  expect_int16(context.node, plan.output.high);
  plan.state = InitialState::repeat(start, input.shape.pixels());
  return plan;
}

std::unique_ptr<HostKernel> make_burst_lif_fixed_reference(const NodeContext& context,
                                                           const NodePlan& /*plan*/) {
  return std::make_unique<BurstLifFixedReference>(context);
}
std::unique_ptr<HostKernel> make_burst_lif_fixed_cpu(const NodeContext& context, const NodePlan& /*plan*/) {
  return std::make_unique<BurstLifFixedCpu>(context);
}

}  // namespace rheobase
