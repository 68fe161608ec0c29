#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "converters/passes/thresholds.h"
#include "experiments/data/data_set.h"
#include "sim/op/registry.h"

namespace rheobase {

struct ActivationOptions {
  std::int64_t samples = 256;  ///< spread evenly over the data; all where there are fewer
  int threads = 0;             ///< 0: one per hardware thread
};

/// Runs a network that is no spiking one yet over some samples and keeps, of what each of `activations`
/// reads, the largest value a channel and up to 8,192 others (fewer of very wide networks). Which, depends on
/// node, channel and sample alone. `advance` is called for every sample. Throws InputError where the data do
/// not fit the network, and naming the node for a value that is no number.
std::vector<ActivationSamples> sample_activations(
    const Graph& graph, const std::vector<OpenActivation>& activations, const ImageSet& data,
    const Registry& registry, const ActivationOptions& options, const std::function<void()>& advance = [] {});

}  // namespace rheobase
