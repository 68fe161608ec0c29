#pragma once

// Real parameters to integers, and the bounds of what nodes make of integers.

#include "converters/passes/fixed_signals.h"

namespace rheobase::fixed {

/// A synapse's weights, output by output. Walks them as visit(index into the tensor, input channel).
class Fan {
 public:
  explicit Fan(const Node& synapse);

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

/// `units` of the current that the neuron reads. A threshold is 2 or more.
Node rounded_if(const Node& real, const std::vector<double>& units);
Node rounded_output(const Node& real, const std::vector<double>& units);

}  // namespace rheobase::fixed
