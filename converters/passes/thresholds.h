#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "converters/passes/spiking.h"

namespace rheobase {

/// What the calibration samples say of one activation: of what it reads, its pre-activation z.
struct ActivationSamples {
  std::string node;
  std::vector<float> largest;              ///< one a channel, over everything seen
  std::vector<std::vector<float>> values;  ///< one list a channel, of some of it
};

/// How thresholds are found.
struct ThresholdRule {
  enum class Kind {
    largest,     ///< `max`: the largest activation of a channel
    percentile,  ///< `99.9%`: that of its activations that are not 0
    squares,  ///< `mse`: least mean squared error of the activation with as many levels as the neuron can say
    local     ///< `ltb`: local threshold balancing, while the network runs; not of kept samples
  };
  Kind kind = Kind::largest;
  double percent = 100.0;  ///< of percentile, above 0 and up to 100
};
/// Throws InputError naming the choices.
ThresholdRule parse_threshold_rule(const std::string& text);
std::string to_string(const ThresholdRule& rule);

/// Thresholds by `rule`, one a channel; a channel that was never active has the median of its layer, 1 in a
/// layer that never was. `levels` is the number of levels above 0 that the neuron can say with one threshold.
/// Not of the rule `local`.
std::vector<float> find_thresholds(const ActivationSamples& samples, const ThresholdRule& rule,
                                   std::int64_t levels);

/// Puts the median of the others in the place of thresholds that are 0, or 1 where all are.
void fill_silent_channels(std::vector<float>& thresholds);

/// Levels that neurons of `method` reach in `steps` steps (Huang et al., ICML 2025): T for one event size, T
/// 2^n for n. Beyond 128 more change nothing.
std::int64_t reachable_levels(SpikingMethod method, std::int64_t levels, std::int64_t steps);

/// The threshold theta that minimises the mean of (relu(z) - theta q(z))^2, q(z) = clip(floor(N z / theta +
/// 1/2), 0, N) / N, over `values`: the best of a grid from an eighth of `largest` on,
/// and from there Lloyd's iteration theta <- E[relu(z) q] / E[q^2].
double least_squares_threshold(const std::vector<float>& values, double largest, std::int64_t levels);

}  // namespace rheobase
