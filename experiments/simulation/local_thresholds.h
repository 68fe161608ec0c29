#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "converters/passes/spiking.h"
#include "experiments/data/data_set.h"
#include "sim/op/registry.h"

namespace rheobase {

struct BalanceOptions {
  std::int64_t samples = 256;  ///< spread evenly over the data; all where there are fewer
  int batches = 1000;          ///< of 8 samples each, which come again and again: more of them clip less
  int threads = 0;             ///< 0: one per hardware thread
};

/// Thresholds by local threshold balancing (Bu, Li, Yu, CVPR 2025), one a channel: theta is 0 at first and
/// grows with every batch by twice the mean of max(x - theta, 0) over samples and places, up to the largest x
/// seen; what passes on is min(max(x, 0), theta), so that later layers see what clipping leaves. A channel
/// that is never active has the median of its layer, as in find_thresholds(). Which samples make a batch is
/// fixed, and results do not depend on threads. `advance` is called for every sample of every batch. Throws
/// InputError where the data do not fit the network, and naming the node for a value that is no number.
Thresholds balance_thresholds(
    const Graph& graph, const std::vector<OpenActivation>& activations, const ImageSet& data,
    const Registry& registry, const BalanceOptions& options, const std::function<void()>& advance = [] {});

/// Samples that the batches have in all.
std::int64_t balanced_samples(const BalanceOptions& options, const ImageSet& data);

}  // namespace rheobase
