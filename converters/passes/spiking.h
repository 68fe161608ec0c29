#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "sim/graph/op_schema.h"

namespace rheobase {

/// Which neurons stand for the activations of a network.
enum class SpikingMethod {
  integrate_and_fire,  ///< `if`: IF
  signed_if,           ///< `signed`: SignedIF
  multi_threshold,     ///< `mt`: MTIF
  sigma_delta          ///< `sigma-delta`: SigmaDelta, in a network of running values (running_values.h)
};
/// By the name in backquotes. Throws InputError naming the choices.
SpikingMethod parse_method(const std::string& name);
const char* to_string(SpikingMethod method);
/// Whether its neurons have `levels`.
bool has_levels(SpikingMethod method);
/// Sizes of spikes where nobody says how many; 1 for methods without levels.
std::int64_t default_levels(SpikingMethod method);

/// Thresholds of activations by node, one a channel, more than 0.
using Thresholds = std::map<std::string, std::vector<float>>;

/// Activations of a network as it is prepared for conversion, that have no threshold of their own.
struct OpenActivation {
  std::string node;
  std::string input;  ///< the node whose output it rectifies
  std::int64_t channels = 0;
  float cap = 0;  ///< of ReLU6 and the like; infinity: none
};

struct SpikingOptions {
  SpikingMethod method = SpikingMethod::integrate_and_fire;
  std::int64_t levels = 1;  ///< of methods that have them
  Thresholds thresholds{};  ///< of every open activation
};

/// What comes before the thresholds: refuses, by node, activations without a spiking counterpart (Sign), and
/// moves max pools in front of activations. The network computes the same. `source` names the file.
void prepare_for_snn(Graph& graph, const SchemaSet& schemas, const std::string& source);

/// Of a prepared graph: its ReLUs, in order.
std::vector<OpenActivation> open_activations(const Graph& graph, const SchemaSet& schemas,
                                             const std::string& source);

/// Spiking neurons for activations: QCFS with its lambda as threshold (Bu et al., ICLR 2022), ReLU with those
/// of `options`, no more than its cap. IF starts at half a threshold and resets by subtraction. Average
/// pools, joins and biases stay as they are: currents at every step, or at the first with sigma_delta. Max
/// pools become CumulativeMaxPool2d. Begins with prepare_for_snn(). Throws InputError naming every ReLU
/// without a threshold.
void convert_to_snn(Graph& graph, const SchemaSet& schemas, const std::string& source,
                    const SpikingOptions& options = {});

}  // namespace rheobase
