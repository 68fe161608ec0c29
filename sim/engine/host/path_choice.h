#pragma once

#include <cstdint>

#include "sim/engine/engine.h"

namespace rheobase {

/// Which path a synapse takes, from the density of the spikes it has read so far. Both paths give the same
/// results, so this decides about time only.
class PathChoice {
 public:
  /// `dense_from` as Kernel::dense_from().
  PathChoice(double dense_from, KernelChoice forced);

  bool has_choice() const { return dense_from_ <= 1.0; }
  SynapsePath path() const { return path_; }
  double dense_from() const { return dense_from_; }
  /// Share of ones among all the inputs seen; 0 before the first.
  double mean_density() const;
  /// Share of the image-steps that took the dense path.
  double dense_share() const;

  /// `spikes` among `inputs` were seen, in `lanes` image-steps that took path(). Moves to the other path once
  /// a running mean of the density is 10 % beyond the crossover, so that no layer swings about it.
  void observe(std::uint64_t spikes, std::uint64_t inputs, std::uint64_t lanes);

 private:
  double dense_from_;
  KernelChoice forced_;
  SynapsePath path_;
  double running_density_ = -1.0;
  std::uint64_t spikes_ = 0, inputs_ = 0, lanes_ = 0, dense_lanes_ = 0;
};

}  // namespace rheobase
