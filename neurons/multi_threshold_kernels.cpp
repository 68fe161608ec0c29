// What multi-threshold neurons are on every device, and what their host kernels share.
#include "neurons/multi_threshold_kernels.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <type_traits>

#include "sim/core/error.h"

namespace rheobase {
namespace {

constexpr std::int32_t int32_max = std::numeric_limits<std::int32_t>::max();

std::int64_t row_of(const ImageShape& shape) { return (shape.channels + 15) / 16 * 16; }

double largest_of(const Tensor& tensor) {
  double most = 0;
  tensor.for_each([&](double value) { most = std::max(most, std::abs(value)); });
  return most;
}

// The net output stays within int32.
std::int64_t steps_of_net(const MultiThresholdParameters& parameters) {
  return int32_max / parameters.largest_event() - 1;
}

float trigger_of(float unit, bool half) { return half ? unit / 2 : unit / 4 * 3; }
std::int32_t trigger_of(std::int32_t unit, bool half) {
  return static_cast<std::int32_t>(half ? (std::int64_t{unit} + 1) / 2 : (std::int64_t{unit} * 3 + 3) / 4);
}

template <class Number>
InitialState initial_state(const MultiThresholdParameters& parameters, const ImageShape& shape) {
  const std::int64_t row = row_of(shape);
  InitialState state;
  state.row.assign(static_cast<std::size_t>(2 * row), 0);
  for (std::int64_t c = 0; c < shape.channels; ++c)
    state.row[c] = std::bit_cast<std::uint32_t>(static_cast<Number>(parameters.v_init.of_channel(c)));
  state.size = state.row.size() * static_cast<std::size_t>(shape.pixels());
  return state;
}

}  // namespace

NodePlan plan_multi_threshold(const NodeContext& context) {
  const MultiThresholdParameters parameters = MultiThresholdParameters::of(context.node);
  const ImageShape& shape = context.inputs[0].shape;
  NodePlan plan{{SignalType::real32, shape, parameters.v_threshold.reals(), false}};
  for (float& scale : plan.output.scales) scale /= static_cast<float>(parameters.largest_event());
  plan.output.sparse = true;
  plan.state = initial_state<float>(parameters, shape);
  plan.max_steps = steps_of_net(parameters);
  return plan;
}

NodePlan plan_multi_threshold_fixed(const NodeContext& context) {
  const MultiThresholdParameters parameters = MultiThresholdParameters::of(context.node);
  const SignalSpec& input = context.inputs[0];
  parameters.v_threshold.for_each([&](double v) {
    if (static_cast<std::int64_t>(v) % parameters.granule() == 0) return;
    throw InputError(
        "graph", context.node.name,
        fmt::format("v_threshold is {}, expected a multiple of {} for {} levels in fixed arithmetic", v,
                    parameters.granule(), parameters.levels));
  });
  NodePlan plan{{SignalType::int16, input.shape, {1.0F}, false}};
  plan.output.low = -parameters.largest_event();
  plan.output.high = parameters.largest_event();
  plan.state = initial_state<std::int32_t>(parameters, input.shape);
  const auto start = static_cast<std::int64_t>(largest_of(parameters.v_init));
  plan.max_steps = std::min(steps_of_net(parameters),
                            (int32_max - start) / std::max({-input.low, input.high, std::int64_t{1}}));
  return plan;
}

template <class Number>
MultiThresholdKernel<Number>::MultiThresholdKernel(const NodeContext& context)
    : input_(context.inputs[0]), row_(row_of(input_.shape)) {
  const MultiThresholdParameters parameters = MultiThresholdParameters::of(context.node);
  levels_ = static_cast<int>(parameters.levels);
  const bool half = parameters.kind == MultiThreshold::signed_if;
  for (std::int64_t c = 0; c < input_.shape.channels; ++c) {
    // A power of two divides without rounding; three quarters round once in float32, and up in fixed
    // arithmetic.
    const auto unit = static_cast<Number>(parameters.v_threshold.of_channel(c) /
                                          static_cast<double>(parameters.largest_event()));
    unit_.push_back(unit);
    trigger_.push_back(trigger_of(unit, half));
    ceiling_.push_back(parameters.cap ? static_cast<std::int32_t>(parameters.cap->of_channel(c)) : int32_max);
  }
  prepare_exponents();
  unit_.resize(row_, 0);
  trigger_.resize(row_, std::numeric_limits<Number>::max() / (Number{1 << most_levels}));
  ceiling_.resize(row_, 0);
}

template <class Number>
void MultiThresholdKernel<Number>::prepare_exponents() {
  const auto one = std::bit_cast<std::int32_t>(1.0F);
  for (const Number trigger : trigger_) {
    const double top = std::ldexp(static_cast<double>(trigger), levels_ - 1);
    if constexpr (std::is_same_v<Number, float>)
      exact_ =
          exact_ && trigger >= std::numeric_limits<float>::min() && top <= std::numeric_limits<float>::max();
    else
      exact_ = exact_ && top < 1 << std::numeric_limits<float>::digits;
    top_.push_back(exact_ ? static_cast<Number>(top) : trigger);
    trigger_bits_.push_back(std::bit_cast<std::int32_t>(static_cast<float>(trigger)) - one);
  }
  top_.resize(row_, 0);  // what only pads reaches no trigger
  trigger_bits_.resize(row_, one);
}

template class MultiThresholdKernel<float>;
template class MultiThresholdKernel<std::int32_t>;

}  // namespace rheobase
