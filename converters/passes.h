#pragma once

#include <string>

#include "sim/graph/graph.h"

namespace rheobase {

/// Folds every Affine node into the Conv2d or Linear before it when that node feeds nothing else, in double
/// precision; consecutive Affine nodes are joined first. BatchNormalization arrives as Affine, so this is the
/// folding of batch norm: exact up to one rounding of each weight.
void fold_affine(Graph& graph);

/// QCFS -> IF (v_threshold = lambda, v_init = lambda / 2, reset by subtraction; Bu et al., ICLR 2022).
/// Average pools, joins and biases stay as they are: currents at every step. Throws InputError naming every
/// node that has no spiking counterpart, with the way out (max pools, ReLU). `source` names the file.
void convert_to_snn(Graph& graph, const std::string& source);

}  // namespace rheobase
