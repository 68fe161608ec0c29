#include "converters/passes/fixed_rounding.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "sim/core/error.h"
#include "sim/graph/structural_ops.h"

namespace rheobase::fixed {
namespace {

template <class Integer>
Integer rounded_to(double value) {
  const double nearest = std::round(value);
  if (!(std::abs(nearest) <= std::numeric_limits<Integer>::max()))
    throw InternalError("the unit of a signal is too small for " + std::to_string(value));
  return static_cast<Integer>(nearest);
}

}  // namespace

std::int32_t rounded(double value) { return rounded_to<std::int32_t>(value); }

WeightRows::WeightRows(const Node& synapse) {
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
  const WeightRows rows(real);
  const Tensor& weight = real.tensors.at("weight");
  const std::vector<float>& reals = weight.reals();
  const Tensor* const bias = real.tensor("bias");
  std::vector<std::int8_t> weights(reals.size());
  std::vector<std::int32_t> biases;
  for (std::int64_t o = 0; o < rows.outputs(); ++o) {
    const double scale = std::ldexp(1.0, shift) / units[o];
    rows.for_weights(o, [&](std::int64_t index, std::int64_t channel) {
      weights[index] = rounded_to<std::int8_t>(reals[index] * input.units[channel] * scale);
    });
    if (bias != nullptr) biases.push_back(rounded(bias->reals()[o] * scale));
  }
  node.tensors["weight"] = Tensor(weight.shape, std::move(weights));
  if (bias != nullptr) node.tensors["bias"] = Tensor(bias->shape, std::move(biases));
  if (shift > 0) node.attributes["shift"] = std::int64_t{shift};
  return node;
}

std::vector<Bounds> sum_bounds(const Node& synapse, const Signal& input) {
  const WeightRows rows(synapse);
  const std::vector<std::int8_t>& weights = synapse.tensors.at("weight").int8s();
  const Tensor* const bias = synapse.tensor("bias");
  const auto shift = synapse.integer("shift", 0);
  std::vector<Bounds> result;
  for (std::int64_t o = 0; o < rows.outputs(); ++o) {
    Bounds sum;
    rows.for_weights(o, [&](std::int64_t index, std::int64_t channel) {
      const std::int8_t weight = weights[index];
      const Bounds in = input.bounds[channel];
      // A place in the padding adds nothing.
      sum.low += std::min<std::int64_t>(0, weight >= 0 ? weight * in.low : weight * in.high);
      sum.high += std::max<std::int64_t>(0, weight >= 0 ? weight * in.high : weight * in.low);
    });
    const std::int64_t start = std::int64_t{bias != nullptr ? bias->int32s()[o] : 0} +
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
      units.size(), [&](std::size_t c) { return rounded(scale.of_channel(c) * input.units[c] / units[c]); });
  node.tensors["shift"] =
      per_channel(units.size(), [&](std::size_t c) { return rounded(shift.of_channel(c) / units[c]); });
  return node;
}

std::vector<Bounds> affine_bounds(const Node& affine, const Signal& input) {
  std::vector<Bounds> result;
  for (std::size_t c = 0; c < input.bounds.size(); ++c) {
    const auto scale = static_cast<std::int64_t>(affine.tensors.at("scale").of_channel(c));
    const auto shift = static_cast<std::int64_t>(affine.tensors.at("shift").of_channel(c));
    const auto [low, high] = std::minmax({scale * input.bounds[c].low, scale * input.bounds[c].high});
    result.push_back({low + shift, high + shift});
  }
  return result;
}

Node rounded_output(const Node& real, const std::vector<double>& units) {
  Node node = real;
  node.tensors["unit"] =
      per_channel(units.size(), [&](std::size_t c) { return static_cast<float>(units[c]); });
  return node;
}

}  // namespace rheobase::fixed
