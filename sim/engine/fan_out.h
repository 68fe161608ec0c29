#pragma once

#include <cstdint>
#include <vector>

#include "sim/core/shape.h"
#include "sim/graph/graph.h"

namespace rheobase {

/// How many products one non-zero input of a node with synapses takes part in.
struct FanOut {
  /// Of each input neuron, pixel-major ([H][W][C], as signals are stored): the non-zero weights that lead
  /// from it to an output. Taps that fall on padding lead from no input and are not counted.
  std::vector<std::uint32_t> effective;
  /// Products of one call when every input and every weight is non-zero.
  std::uint64_t dense = 0;
};

/// `node` is validated and has synapses; `input` is the shape it reads.
FanOut fan_out(const Node& node, const ImageShape& input);

}  // namespace rheobase
