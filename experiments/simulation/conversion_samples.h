#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "experiments/data/data_set.h"
#include "experiments/simulation/conversion.h"
#include "sim/op/registry.h"

namespace rheobase {

/// The samples that a conversion looks at.
struct ConversionSamples {
  std::shared_ptr<const ImageSet> data;
  std::int64_t count = 256;  ///< spread evenly; all where there are fewer
  int threads = 0;           ///< 0: one per hardware thread
  /// Called with what begins and how many samples it looks at; what it returns is called for each of them,
  /// and goes when that has ended.
  std::function<std::function<void()>(const std::string& what, std::int64_t samples)> begin =
      [](const std::string&, std::int64_t) { return [] {}; };
};

/// Gives `spec` the samples for thresholds and corrections. What is found is kept: a network that is
/// converted in both arithmetics, or again, is looked at once. `registry` must outlive `spec`.
void use_samples(ConversionSpec& spec, const ConversionSamples& samples, const Registry& registry);

}  // namespace rheobase
