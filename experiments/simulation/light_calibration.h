#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "converters/passes/correction.h"
#include "experiments/data/data_set.h"
#include "sim/op/registry.h"

namespace rheobase {

/// What neurons lack on average, one number a channel, by node.
using Corrections = std::map<std::string, std::vector<double>>;

struct CorrectionOptions {
  std::int64_t samples = 256;  ///< spread evenly over the data; all where there are fewer
  int threads = 0;             ///< 0: one per hardware thread
};

/// Light calibration, in the order in which the neurons run: each lacks the mean over samples and places of
/// the activation of its name in `source` minus its own, decoded after `steps` steps, while those before it
/// are corrected already (correct_neuron). `source` is the prepared network that `spiking` was made of, both
/// in float32. The numbers do not depend on threads. `advance` is called for every sample of either network
/// and neuron. Throws InputError where the data do not fit or a mean is no number.
Corrections find_corrections(
    const Graph& source, const Graph& spiking, Correction correction, int steps, const ImageSet& data,
    const Registry& registry, const CorrectionOptions& options, const std::function<void()>& advance = [] {});

/// Neurons that are corrected.
std::vector<std::string> corrected_neurons(const Graph& spiking, const SchemaSet& schemas);

}  // namespace rheobase
