#pragma once

#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "binarize/train/layer.h"
#include "binarize/train/loss.h"
#include "sim/core/parallel.h"
#include "sim/graph/graph.h"

namespace rheobase {

struct NetworkOptions {
  std::int64_t batch = 128;  ///< samples of a step, 1 or more
  int threads = 0;           ///< 0: usable_cpus()
  EstimatorSettings estimator;
  double label_smoothing = 0.0;  ///< in [0, 1)
};

/// The two indicators of Wu et al., ICCV 2023, summed over binary layers (docs/reference/estimators.md).
struct SignIndicators {
  double estimating_error = 0.0;
  double gradient_instability = 0.0;
};

/// A graph that is trained: forward, loss and reverse-mode gradients over a batch, layer by layer in
/// topological order. The batch is cut into shards by its size alone, which threads compute; every sum has a
/// written order, so results are equal bit for bit for any number of threads.
class TrainingNetwork {
 public:
  /// Throws InputError with every fault of a graph that does not validate (training_schemas()); `source`
  /// names it.
  TrainingNetwork(Graph graph, const NetworkOptions& options, const std::string& source);

  /// With the parameters as they are now.
  const Graph& graph() const { return graph_; }
  Graph& graph() { return graph_; }
  const NetworkOptions& options() const { return options_; }
  const ImageShape& input_shape() const { return input_->shape; }
  std::int64_t classes() const { return output_->shape.channels; }

  /// Where the next batch goes: [sample][pixel][channel], normalised.
  std::span<float> input() { return input_->values; }
  /// Of the last batch, [sample][class].
  std::span<const float> logits() const { return output_->values; }

  /// Forward, loss and the gradient of the mean loss by every parameter; one label a sample of the batch.
  LossSum step(std::span<const int> labels);
  /// Forward with running statistics; `labels` for the first samples of the batch, which may be fewer than it
  /// has.
  LossSum evaluate(std::span<const int> labels);
  /// Forward, for the running statistics alone: after the nth batch, counted from 1, they are the means over
  /// these n batches (Wu and Johnson, arXiv:2105.07576, PreciseBN).
  void observe(std::int64_t nth);

  const std::vector<Parameter*>& parameters() const { return parameters_; }
  /// epoch / epochs, for the estimators.
  void set_progress(double progress);
  /// Of the last step.
  SignIndicators indicators() const;
  /// Whether parameters, running statistics and gradients are finite. The loss alone does not tell:
  /// activations turn what is no number into 0 or a sign.
  bool is_finite() const;
  /// Where a value is infinite or no number: the first node in topological order, by its output or its
  /// tensors, else the first gradient on the way back; empty when there is none.
  std::string first_not_finite() const;

 private:
  using Call = std::function<void(const Shard&)>;

  void add_layer(Node& node, std::map<std::string, int>& unread);
  void forward(bool training, std::int64_t observed = 0);
  void backward();
  void run(const std::vector<Call>& calls);
  LossSum loss(std::span<const int> labels, bool training);

  Graph graph_;
  NetworkOptions options_;
  BatchPlan batch_;
  TaskPool pool_;
  std::map<std::string, Blob> blobs_;
  Blob* input_ = nullptr;
  Blob* output_ = nullptr;
  std::vector<std::unique_ptr<Layer>> layers_;  ///< in topological order
  std::vector<Parameter*> parameters_;
};

}  // namespace rheobase
