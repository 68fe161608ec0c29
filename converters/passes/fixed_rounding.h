#pragma once

// Real parameters to integers, and the bounds of what nodes make of integers.

#include <algorithm>
#include <cstdint>
#include <type_traits>
#include <utility>
#include <vector>

#include "converters/passes/fixed_signals.h"

namespace rheobase::fixed {

/// To the nearest integer, ties away from zero; InternalError beyond int32.
std::int32_t rounded(double value);

/// A tensor of value(channel), float or std::int32_t; one number where all channels have the same.
template <class Value>
Tensor per_channel(std::size_t channels, const Value& value) {
  std::vector<std::invoke_result_t<Value, std::size_t>> values;
  for (std::size_t c = 0; c < channels; ++c) values.push_back(value(c));
  const bool uniform = std::all_of(values.begin(), values.end(), [&](auto v) { return v == values[0]; });
  if (uniform) values.resize(1);
  const Shape shape{static_cast<std::int64_t>(values.size())};
  return {shape, std::move(values)};
}

/// A synapse's weights, output by output. Walks them as visit(index into the tensor, input channel).
class WeightRows {
 public:
  explicit WeightRows(const Node& synapse);

  std::int64_t outputs() const { return outputs_; }
  template <class Visit>
  void for_weights(std::int64_t output, const Visit& visit) const {
    const std::int64_t first = output / (outputs_ / groups_) * inputs_;
    std::int64_t index = output * inputs_ * taps_;
    for (std::int64_t i = 0; i < inputs_; ++i) {
      for (std::int64_t tap = 0; tap < taps_; ++tap) visit(index++, first + i);
    }
  }

 private:
  std::int64_t outputs_, inputs_, taps_ = 1, groups_ = 1;  // inputs of a group
};

/// Conv2d and Linear: round(w * u * 2^shift / s), u the input's unit and s the output's.
Node rounded_synapse(const Node& real, const Signal& input, const std::vector<double>& units, int shift);
/// Of the sum before the shift, with what is added to round: one entry an output.
std::vector<Bounds> sum_bounds(const Node& synapse, const Signal& input);

Node rounded_affine(const Node& real, const Signal& input, const std::vector<double>& units);
std::vector<Bounds> affine_bounds(const Node& affine, const Signal& input);

Node rounded_output(const Node& real, const std::vector<double>& units);

}  // namespace rheobase::fixed
