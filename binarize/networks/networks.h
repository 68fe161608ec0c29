#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/graph/graph.h"

namespace rheobase {

struct NetworkSpec {
  std::string name;                  ///< network_names()
  Shape input{1, 28, 28};            ///< of one sample, {C, H, W}
  std::int64_t classes = 10;         ///< 2 or more
  std::vector<float> mean{}, std{};  ///< of the pixels, one a channel, or none
  std::uint64_t seed = 1;            ///< of the weights
  std::string scale = "layer";       ///< of binary weights: layer, channel
  std::int64_t levels = 4;           ///< L of QCFS
  double lambda = 8.0;               ///< of QCFS, at the start
};

/// mlp, cnn, resnet20, resnet20_bireal, resnet18, vgg_small with _1w1a or _1w32a; cnn, resnet20, resnet18,
/// vgg16 with _qcfs (docs/reference/training.md).
const std::vector<std::string>& network_names();

/// The training graph (training_schemas()). Throws InputError for an unknown name, or an input the network
/// has no use for.
Graph make_network(const NetworkSpec& spec);

}  // namespace rheobase
