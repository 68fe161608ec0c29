#pragma once

#include <string>

#include "sim/graph/op_schema.h"

namespace rheobase {

/// Makes a network of running values of one of rates: what entered at every step enters once. Biases and
/// shifts become the potentials that neurons start from, or the logits that the Output starts from; what
/// depends on the image alone and has no memory passes an Onset (node names: `<node>.onset`) on its way to
/// what has; the Output's logits are t times its sum. Neurons must be of a kind whose sum approaches their
/// activation (SigmaDelta). Throws InputError naming what a bias cannot pass: padding with zeros. `source`
/// names the file.
void make_running(Graph& graph, const SchemaSet& schemas, const std::string& source);

}  // namespace rheobase
