#pragma once

#include <cstdint>
#include <vector>

#include "converters/nir/file/nir_graph.h"

namespace rheobase::nir {

/// What values of NIR have to be multiplied by to be ours: spikes are worth 1 there.
struct HeightFactor {
  Shape shape;                 ///< of the values
  std::vector<double> values;  ///< of float32; one, or one a channel

  double of_channel(std::int64_t channel) const {
    return values[values.size() == 1 ? 0 : static_cast<std::size_t>(channel)];
  }
};

/// Behind a Flatten.
HeightFactor flattened(const HeightFactor& factor);
/// Behind what computes every channel alone and linearly, and gives it `shape`.
HeightFactor reshaped(HeightFactor factor, const Shape& shape);

/// Weights {O, I / groups, ...} of what reads such values: each product is rounded once, to float32, as the
/// engine rounds it.
Value with_factor(const Value& weight, std::int64_t groups, const HeightFactor& factor);
/// A number for every value of `factor.shape`.
Value with_factor(const Value& numbers, const HeightFactor& factor);

}  // namespace rheobase::nir
