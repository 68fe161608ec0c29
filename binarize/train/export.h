#pragma once

#include "binarize/estimators/estimator.h"
#include "sim/graph/graph.h"

namespace rheobase {

/// The network as every engine runs it: binary synapses become Conv2d and Linear with weights +-1, their
/// scale a factor of the Affine behind them, BatchNorm an Affine of its running statistics, PReLU a
/// difference of two ReLUs; the rest stays.
Graph trained_graph(const Graph& training, const EstimatorSettings& estimator);

}  // namespace rheobase
