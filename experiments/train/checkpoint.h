#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "binarize/train/optimizer.h"
#include "sim/graph/graph.h"

namespace rheobase {

/// What an epoch came to.
struct EpochResult {
  std::int64_t epoch = 0;      ///< counted from 1
  double learning_rate = 0.0;  ///< of its last step
  double loss = 0.0;           ///< mean over its training images, as they were when each was seen
  double train_accuracy = 0.0;
  double test_accuracy = 0.0;
  double images_per_second = 0.0;     ///< of training; loading included, evaluation not
  double estimating_error = 0.0;      ///< Wu et al., ICCV 2023; 0 without binary layers
  double gradient_instability = 0.0;  ///< of the last mini-batch
};

/// Where training stands: everything a resumed run needs to go on bit for bit.
struct Checkpoint {
  std::string identity;         ///< what fixes the run; another one may not resume it
  std::int64_t epoch = 0;       ///< being trained, from 0
  std::int64_t next_batch = 0;  ///< within it
  double loss = 0.0;            ///< summed over the epoch's images so far
  std::int64_t correct = 0;
  double seconds = 0.0;  ///< spent on them
  std::vector<EpochResult> epochs;
  std::vector<std::vector<float>> tensors;  ///< of the graph's nodes, in order, by name
  OptimizerState optimizer;
};

/// The tensors of a graph as a checkpoint keeps them.
std::vector<std::vector<float>> tensors_of(const Graph& graph);
/// Throws InternalError for those of another graph.
void set_tensors(Graph& graph, const std::vector<std::vector<float>>& tensors);

/// Whole or not at all; sealed by a SHA-256.
void write_checkpoint(const Checkpoint& checkpoint, const std::string& path);
/// Nothing if there is no such file. Throws InputError when it is damaged or that of another run.
std::optional<Checkpoint> read_checkpoint(const std::string& path, const std::string& identity);

}  // namespace rheobase
