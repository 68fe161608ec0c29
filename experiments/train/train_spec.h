#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "binarize/estimators/estimator.h"
#include "binarize/networks/layer_list.h"
#include "binarize/train/optimizer.h"
#include "experiments/train/augment.h"

namespace rheobase {

/// What `rheobase train` reads (docs/reference/training.md).
struct TrainSpec {
  std::string network;                ///< network_names(), or the path of a network file
  std::vector<LayerSpec> layers;      ///< of the network file
  std::string data;                   ///< SPEC; its split `train` is trained on
  std::string test_data;              ///< SPEC whose split `test` is tested; none: data
  std::string normalize = "none";     ///< as in `convert`
  std::int64_t epochs = 0;            ///< 1 or more
  std::int64_t batch = 128;           ///< 2 or more
  std::uint64_t seed = 1;             ///< of weights, order and augmentation
  std::optional<std::int64_t> limit;  ///< training samples, the first of the set
  double label_smoothing = 0.0;       ///< in [0, 1)
  std::int64_t precise_bn = 0;  ///< batches that statistics are averaged over after an epoch; 0: running ones
  std::string scale = "layer";  ///< of binary weights: layer, channel
  std::int64_t levels = 4;      ///< L of QCFS
  double lambda = 8.0;          ///< of QCFS, at the start
  EstimatorSettings estimator;
  OptimizerSettings optimizer;
  LearningRate learning_rate;
  AugmentSettings augment;
};

/// Throws InputError with every fault: no TOML, unknown keys, values of another type or out of range.
TrainSpec read_train_spec(const std::string& path);

}  // namespace rheobase
