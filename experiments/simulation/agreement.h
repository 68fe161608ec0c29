#pragma once

#include <cstdint>
#include <functional>

#include "experiments/data/data_set.h"
#include "sim/op/registry.h"

namespace rheobase {

/// Answers of two networks to the same samples.
struct Agreement {
  std::int64_t samples = 0;
  std::int64_t same = 0;                           ///< both give the same answer
  std::int64_t first_right = 0, second_right = 0;  ///< the label

  double share() const { return static_cast<double>(same) / static_cast<double>(samples); }
};

struct AgreementOptions {
  std::int64_t samples = 256;  ///< spread evenly over the data; all where there are fewer
  int steps = 32;              ///< T; the answer is that of the logits summed over all of them
  int slots = 32;
  int threads = 0;  ///< 0: one per hardware thread
};

/// Simulates both networks for all steps. `advance` is called for every sample of each. Throws InputError
/// where the data do not fit the first network; the second has the same input and classes.
Agreement measure_agreement(
    const Graph& first, const Graph& second, const ImageSet& data, const Registry& registry,
    const AgreementOptions& options, const std::function<void()>& advance = [] {});

}  // namespace rheobase
