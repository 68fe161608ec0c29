#pragma once

#include <string>
#include <vector>

#include "sim/graph/op_schema.h"

namespace rheobase {

/// How a neuron that says too little or too much on average is corrected, from samples (light calibration: Li
/// et al., ICML 2021).
enum class Correction {
  none,
  bias,      ///< `light`: a current at every step; of running values, which a bias enters once, the potential
  potential  ///< `potential`: what the neuron starts from; not of running values, where that is the bias
};
/// By the name in backquotes, or `none`. Throws InputError naming the choices.
Correction parse_correction(const std::string& name);

/// Corrects the spiking neuron `neuron` by `difference`, one number a channel, in the unit of its decoded
/// activation: what it lacks on average over `steps` steps. A bias goes into the layer in front of it where
/// nothing else reads that, also through Add and max pools, else into an Affine of its own (node name:
/// `<neuron>.bias`).
void correct_neuron(Graph& graph, const SchemaSet& schemas, const std::string& neuron,
                    const std::vector<double>& difference, Correction correction, int steps);

}  // namespace rheobase
