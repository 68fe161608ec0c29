#pragma once

#include <cstdint>
#include <vector>

#include "sim/graph/graph.h"

namespace rheobase {

/// The Affine and ReLU nodes behind an integer sum, one function of the sum for each channel. Every step is
/// monotone, rounded or not, and so is the whole.
class SumChain {
 public:
  /// Appends an Affine or a ReLU.
  void append(const Node& node);

  /// The value for a sum, computed as the engine computes it.
  float value(std::int32_t sum, std::int64_t channel) const;

 private:
  struct Step {
    std::vector<float> scale, shift;  // Affine: one number or one a channel
    bool relu = false;
    float max = 0.0F;  // ReLU
  };
  std::vector<Step> steps_;
};

/// Where value(sum) >= limit, for sums from -reach to reach.
struct SumThreshold {
  std::int32_t least;     ///< sums of at least this; of -sum where `mirrored`
  bool mirrored = false;  ///< the chain falls
};
SumThreshold threshold_of(const SumChain& chain, std::int64_t channel, float limit, std::int32_t reach);

}  // namespace rheobase
