#include "sim/op/fixed_conv2d_plan.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "sim/op/fixed.h"

namespace rheobase {
namespace {

// The least and the greatest sum that any output may reach, partial sums included: padding and absent spikes
// are 0, so a bound of the inputs that excludes 0 is widened to it.
std::pair<std::int64_t, std::int64_t> sum_bounds(const FixedConv2dPlan& plan) {
  const std::int64_t low = std::min<std::int64_t>(0, plan.input.low);
  const std::int64_t high = std::max<std::int64_t>(0, plan.input.high);
  std::int64_t least = 0, greatest = 0;
  for (std::int64_t oc = 0; oc < plan.output.channels; ++oc) {
    std::int64_t from = std::min<std::int64_t>(0, plan.offset(oc));
    std::int64_t to = std::max<std::int64_t>(0, plan.offset(oc));
    for (std::int64_t row = 0; row < plan.rows(); ++row) {
      const std::int64_t w = plan.integer_weight(oc, row);
      from += w * (w > 0 ? low : high);
      to += w * (w > 0 ? high : low);
    }
    least = std::min(least, from);
    greatest = std::max(greatest, to);
  }
  return {least, greatest};
}

}  // namespace

FixedConv2dPlan::FixedConv2dPlan(const KernelContext& context)
    : Conv2dPlan(context), shift(static_cast<int>(context.node.integer("shift", 0))) {
  using Narrow = std::numeric_limits<std::int16_t>;
  if (input.low < Narrow::min() || input.high > Narrow::max()) {
    throw InputError("graph", context.node.name,
                     "fixed arithmetic may overflow: the input reaches from " + std::to_string(input.low) +
                         " to " + std::to_string(input.high) + ", beyond the 16 bits that a synapse reads");
  }
  rounding = shift > 0 ? std::int32_t{1} << (shift - 1) : 0;
  const auto [least, greatest] = sum_bounds(*this);
  current_spec(context.node.name, output, least, greatest);  // proves that the sums fit
  output_spec = current_spec(context.node.name, output, least >> shift, greatest >> shift);
}

}  // namespace rheobase
