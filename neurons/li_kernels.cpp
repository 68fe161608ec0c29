// What LI is on every device, and its host kernels: the reference's, and the cpu's, whose loop the compiler
// turns into vectors.
#include "neurons/li_kernels.h"

#include <algorithm>
#include <type_traits>

#include "neurons/leak.h"
#include "sim/op/fixed.h"
#include "sim/op/host/host_loops.h"

namespace rheobase {
namespace {

template <class Number>
class LiReference : public LiKernel<Number> {
 public:
  using Base = LiKernel<Number>;
  using Base::Base;

  void step(const StepArgs& args) const override {
    auto* values = args.scratch(0).take<Number>(this->input_.shape.channels);
    for (const int lane : args.lanes) {
      for (std::int64_t pixel = 0; pixel < this->input_.shape.pixels(); ++pixel)
        this->step_pixel(args, lane, pixel, values);
    }
  }
};

template <class Number>
class LiCpu : public LiKernel<Number> {
 public:
  using Base = LiKernel<Number>;
  using Base::Base;

  void step(const StepArgs& args) const override {
    const std::int64_t channels = this->input_.shape.channels;
    for_stateful_items(args, this->input_.shape.pixels(), channels,
                       [&](int lane, std::int64_t begin, std::int64_t end, ScratchMemory scratch) {
                         auto* values = scratch.take<Number>(channels);
                         for (std::int64_t pixel = begin; pixel < end; ++pixel)
                           this->step_pixel(args, lane, pixel, values);
                       });
  }
};

template <class Number>
void step_channels(std::int64_t channels, Number* __restrict v, const Number* __restrict x,
                   const Number* __restrict decay, const Number* __restrict v_leak, Number* __restrict out) {
  for (std::int64_t c = 0; c < channels; ++c) out[c] = li_step(v[c], x[c], decay[c], v_leak[c]);
}

}  // namespace

NodePlan plan_li(const NodeContext& context) {
  const LiParameters parameters = LiParameters::of(context.node);
  const ImageShape& shape = context.inputs[0].shape;
  NodePlan plan{{SignalType::real32, shape, {1.0F}, false}};
  plan.state = InitialState::repeat(spread(parameters.start(), shape.channels), shape.pixels());
  return plan;
}

NodePlan plan_li_fixed(const NodeContext& context) {
  const SignalSpec& input = context.inputs[0];
  const OpSchema schema = li_schema();
  std::int64_t most = 0;
  for (std::int64_t c = 0; c < input.shape.channels; ++c) {
    const auto reach = schema.reach(context.node, c, std::max(-input.low, input.high));
    if (!reach)
      throw InputError(
          "graph", context.node.name,
          "loses nothing (decay 1), so that nothing bounds what it emits: fixed arithmetic has no "
          "integrator without a leak");
    most = std::max(most, *reach);
  }
  NodePlan plan{current_spec(context.node.name, input.shape, -most, most)};
  const Tensor start = LiParameters::of(context.node).start();
  plan.state = InitialState::repeat(integers_per_channel(start, input.shape.channels), input.shape.pixels());
  return plan;
}

template <class Number>
LiKernel<Number>::LiKernel(const NodeContext& context) : input_(context.inputs[0]) {
  const LiParameters parameters = LiParameters::of(context.node);
  const std::int64_t channels = input_.shape.channels;
  if constexpr (std::is_same_v<Number, float>) {
    decay_ = spread(parameters.decay, channels);
    v_leak_ = spread(parameters.v_leak, channels);
  } else {
    for (std::int64_t c = 0; c < channels; ++c) decay_.push_back(fixed_decay_of(context.node, c));
    v_leak_ = integers_per_channel(parameters.v_leak, channels);
  }
}

template <class Number>
void LiKernel<Number>::step_pixel(const StepArgs& args, int lane, std::int64_t pixel, Number* values) const {
  const std::int64_t channels = input_.shape.channels, first = pixel * channels;
  auto* v = reinterpret_cast<Number*>(args.state.entry(lane)) + first;
  auto* out = reinterpret_cast<Number*>(args.output.entry(lane)) + first;
  const Number* x = nullptr;
  if constexpr (std::is_same_v<Number, float>)
    x = pixel_values(input_, args.inputs[0], lane, pixel, values);
  else
    x = pixel_integers(input_, args.inputs[0], lane, pixel, values);
  step_channels(channels, v, x, decay_.data(), v_leak_.data(), out);
}

template class LiKernel<float>;
template class LiKernel<std::int32_t>;

std::unique_ptr<HostKernel> make_li_reference(const NodeContext& context, const NodePlan& /*plan*/) {
  return std::make_unique<LiReference<float>>(context);
}
std::unique_ptr<HostKernel> make_li_cpu(const NodeContext& context, const NodePlan& /*plan*/) {
  return std::make_unique<LiCpu<float>>(context);
}
std::unique_ptr<HostKernel> make_li_fixed_reference(const NodeContext& context, const NodePlan& /*plan*/) {
  return std::make_unique<LiReference<std::int32_t>>(context);
}
std::unique_ptr<HostKernel> make_li_fixed_cpu(const NodeContext& context, const NodePlan& /*plan*/) {
  return std::make_unique<LiCpu<std::int32_t>>(context);
}

}  // namespace rheobase
