#include "binarize/passes/sum_chain.h"

#include "neurons/relu.h"

namespace rheobase {
namespace {

float at(const std::vector<float>& values, std::int64_t channel) {
  return values[values.size() == 1 ? 0 : static_cast<std::size_t>(channel)];
}

}  // namespace

void SumChain::append(const Node& node) {
  Step step;
  if (node.op == "ReLU") {
    step.relu = true;
    step.max = ReluParameters::of(node).max;
  } else {
    step.scale = node.tensors.at("scale").reals();
    step.shift = node.tensors.at("shift").reals();
  }
  steps_.push_back(std::move(step));
}

float SumChain::value(std::int32_t sum, std::int64_t channel) const {
  auto x = static_cast<float>(sum);
  for (const Step& step : steps_) {
    if (step.relu) {
      x = x > 0.0F ? x : 0.0F;
      x = x < step.max ? x : step.max;
    } else {
      x = at(step.scale, channel) * x + at(step.shift, channel);
    }
  }
  return x;
}

SumThreshold threshold_of(const SumChain& chain, std::int64_t channel, float limit, std::int32_t reach) {
  const auto holds = [&](std::int32_t sum) { return chain.value(sum, channel) >= limit; };
  const bool mirrored = holds(-reach) && !holds(reach);
  const auto holds_at = [&](std::int32_t s) { return holds(mirrored ? -s : s); };
  std::int32_t low = -reach, high = reach + 1;  // the least such sum lies in [low, high]; high: none
  while (low < high) {
    const std::int32_t middle = low + (high - low) / 2;
    if (holds_at(middle)) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return {low, mirrored};
}

}  // namespace rheobase
