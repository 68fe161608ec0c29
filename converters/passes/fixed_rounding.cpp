#include "converters/passes/fixed_rounding.h"

#include <algorithm>
#include <cmath>

#include "sim/graph/structural_ops.h"

namespace rheobase::fixed {
float rounded(double value) { return static_cast<float>(std::round(value) + 0.0); }

Fan::Fan(const Node& synapse) {
  const Shape& shape = synapse.tensors.at("weight").shape;
  outputs_ = shape[0];
  inputs_ = shape[1];
  if (is_convolution(synapse)) {
    taps_ = shape[2] * shape[3];
    groups_ = synapse.integer("groups", 1);
  }
}

Node rounded_synapse(const Node& real, const Signal& input, const std::vector<double>& units, int shift) {
  Node node = real;
  const Fan fan(real);
  auto& weights = node.tensors.at("weight").values;
  const auto bias = node.tensors.find("bias");
  for (std::int64_t o = 0; o < fan.outputs(); ++o) {
    const double scale = std::ldexp(1.0, shift) / units[o];
    fan.for_weights(o, [&](std::int64_t index, std::int64_t channel) {
      weights[index] = rounded(weights[index] * input.units[channel] * scale);
    });
    if (bias == node.tensors.end()) continue;
    float& value = bias->second.values[o];
    value = rounded(value * scale);
  }
  if (shift > 0) node.attributes["shift"] = std::int64_t{shift};
  return node;
}

std::vector<Bounds> sum_bounds(const Node& synapse, const Signal& input) {
  const Fan fan(synapse);
  const auto& weights = synapse.tensors.at("weight").values;
  const Tensor* const bias = synapse.tensor("bias");
  const auto shift = synapse.integer("shift", 0);
  std::vector<Bounds> result;
  for (std::int64_t o = 0; o < fan.outputs(); ++o) {
    Bounds sum;
    fan.for_weights(o, [&](std::int64_t index, std::int64_t channel) {
      const auto weight = static_cast<std::int64_t>(weights[index]);
      const Bounds in = input.bounds[channel];
      // A place in the padding adds nothing.
      sum.low += std::min<std::int64_t>(0, weight >= 0 ? weight * in.low : weight * in.high);
      sum.high += std::max<std::int64_t>(0, weight >= 0 ? weight * in.high : weight * in.low);
    });
    const std::int64_t start = (bias != nullptr ? static_cast<std::int64_t>(bias->values[o]) : 0) +
                               (shift > 0 ? std::int64_t{1} << (shift - 1) : 0);
    result.push_back({sum.low + start, sum.high + start});
  }
  return result;
}

Node rounded_affine(const Node& real, const Signal& input, const std::vector<double>& units) {
  Node node = real;
  const Tensor& scale = real.tensors.at("scale");
  const Tensor& shift = real.tensors.at("shift");
  node.tensors["scale"] = per_channel(
      units.size(), [&](std::size_t c) { return rounded(at(scale, c) * input.units[c] / units[c]); });
  node.tensors["shift"] =
      per_channel(units.size(), [&](std::size_t c) { return rounded(at(shift, c) / units[c]); });
  return node;
}

std::vector<Bounds> affine_bounds(const Node& affine, const Signal& input) {
  std::vector<Bounds> result;
  for (std::size_t c = 0; c < input.bounds.size(); ++c) {
    const auto scale = static_cast<std::int64_t>(at(affine.tensors.at("scale"), c));
    const auto shift = static_cast<std::int64_t>(at(affine.tensors.at("shift"), c));
    const auto [low, high] = std::minmax({scale * input.bounds[c].low, scale * input.bounds[c].high});
    result.push_back({low + shift, high + shift});
  }
  return result;
}

Node rounded_output(const Node& real, const std::vector<double>& units) {
  Node node = real;
  node.tensors["unit"] = per_channel(units.size(), [&](std::size_t c) { return units[c]; });
  return node;
}

}  // namespace rheobase::fixed
