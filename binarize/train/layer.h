#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "binarize/estimators/estimator.h"
#include "sim/core/shape.h"
#include "sim/graph/graph.h"

namespace rheobase {

/// What one node produces for a whole batch, and the gradient of the loss by it: [sample][pixel][channel].
struct Blob {
  ImageShape shape;             ///< of one sample
  bool differentiable = false;  ///< whether anything before it, or it, has a parameter
  std::vector<float> values;
  std::vector<float> gradients;

  float* sample(std::int64_t index) { return values.data() + index * shape.size(); }
  float* gradient(std::int64_t index) { return gradients.data() + index * shape.size(); }
};

/// A layer's input. The last reader of a blob is the first to go backward and sets its gradient; the others
/// add.
struct Edge {
  Blob* blob = nullptr;
  bool accumulate = false;
};

/// Samples of a batch that are computed together. The cuts depend on the batch alone, and sums over shards
/// are taken in their order: results do not depend on the number of threads.
struct Shard {
  std::int64_t index = 0;
  std::int64_t first = 0;
  std::int64_t count = 0;
};

/// A batch's division: `shards` of `samples` each.
struct BatchPlan {
  std::int64_t shards = 1;
  std::int64_t samples = 1;

  std::int64_t size() const { return shards * samples; }
};

/// Numbers that are trained. `value` is a tensor of the network's graph.
struct Parameter {
  std::string name;  ///< node.tensor
  Tensor* value = nullptr;
  std::vector<float> gradient;
  float minimum = -std::numeric_limits<float>::infinity();  ///< an update stops there
};

/// What the signs of binary weights are taken of, and the gradient of the latent weights behind it.
struct SignedWeights {
  std::vector<float> values;
  std::span<const float> gradient;
};

/// What a layer is built from.
struct LayerContext {
  Node& node;
  std::vector<Edge> inputs;
  Blob& output;
  BatchPlan batch;
  const EstimatorSettings& estimator;
};

/// What a layer needs from the whole batch before it can go on: gather() for every shard, then combine();
/// going back, the same with _gradient.
class BatchStatistics {
 public:
  BatchStatistics() = default;
  virtual ~BatchStatistics() = default;
  BatchStatistics(const BatchStatistics&) = delete;
  BatchStatistics& operator=(const BatchStatistics&) = delete;

  virtual void gather(const Shard& shard) = 0;
  /// Running statistics move by the layer's momentum, or with `observed` above 0 to the mean of so many
  /// batches.
  virtual void combine(std::int64_t observed) = 0;
  virtual void gather_gradient(const Shard& shard) = 0;
  virtual void combine_gradient() = 0;
};

/// One op of a training network: its forward pass and its gradient. A step calls prepare(), forward() for
/// every shard and, when training, backward() for every shard and finish(); in training each pass comes after
/// its half of statistics(). Calls for different shards may run at once.
class Layer {
 public:
  explicit Layer(const LayerContext& context)
      : name_(context.node.name), inputs_(context.inputs), output_(&context.output), batch_(context.batch) {}
  virtual ~Layer() = default;
  Layer(const Layer&) = delete;
  Layer& operator=(const Layer&) = delete;

  const std::string& name() const { return name_; }
  virtual std::vector<Parameter*> parameters() { return {}; }
  /// Where training is, as SignEstimator::set_progress() takes it.
  virtual void set_progress(double) {}
  /// Of layers with binary weights.
  virtual std::optional<SignedWeights> signed_weights() const { return std::nullopt; }

  virtual void prepare(bool training) { static_cast<void>(training); }
  /// Null for layers that compute each sample by itself.
  virtual BatchStatistics* statistics() { return nullptr; }
  virtual void forward(const Shard& shard) = 0;
  virtual void backward(const Shard& shard) = 0;
  /// Sums the shards' shares of the parameters' gradients.
  virtual void finish() {}

 protected:
  Edge& input(std::size_t index = 0) { return inputs_[index]; }
  Blob& output() { return *output_; }
  const BatchPlan& batch() const { return batch_; }

 private:
  std::string name_;
  std::vector<Edge> inputs_;
  Blob* output_;
  BatchPlan batch_;
};

/// The layer of context.node.op. Throws InternalError for an op that validation lets pass and training does
/// not know.
std::unique_ptr<Layer> make_layer(const LayerContext& context);

}  // namespace rheobase
