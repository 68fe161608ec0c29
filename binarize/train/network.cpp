#include "binarize/train/network.h"

#include <algorithm>
#include <cmath>

#include "binarize/estimators/indicators.h"
#include "binarize/train/layers.h"
#include "binarize/train/training_schemas.h"
#include "sim/core/error.h"
#include "sim/graph/validate.h"

namespace rheobase {
namespace {

constexpr std::int64_t most_shards = 16;

// As many shards as there may be of equal size.
BatchPlan plan_batch(std::int64_t batch) {
  if (batch < 1) throw InputError("batch", std::to_string(batch), "expected 1 or more");
  std::int64_t shards = std::min(batch, most_shards);
  while (batch % shards != 0) --shards;
  return {shards, batch / shards};
}

Graph validated(Graph graph, const std::string& source) {
  validate_or_throw(graph, training_schemas(), source);
  std::vector<Fault> faults;
  for (const Node& node : graph.nodes) {
    if (!has_layer(node.op) && &node != &graph.input())
      faults.push_back({node.name, "training knows no " + node.op});
    if (node.op == "QCFS" && node.tensors.at("lambda").size() != 1)
      faults.push_back({node.name, "training knows one lambda a node"});
  }
  throw_if_any(source, faults);
  return graph;
}

bool all_finite(std::span<const float> values) {
  return std::all_of(values.begin(), values.end(), [](float v) { return std::isfinite(v); });
}

bool has_finite_tensors(const Node& node) {
  return std::all_of(node.tensors.begin(), node.tensors.end(),
                     [](const auto& entry) { return all_finite(entry.second.reals()); });
}

}  // namespace

TrainingNetwork::TrainingNetwork(Graph graph, const NetworkOptions& options, const std::string& source)
    : graph_(validated(std::move(graph), source)),
      options_(options),
      batch_(plan_batch(options.batch)),
      pool_(options.threads) {
  const ShapeMap shapes = validate_or_throw(graph_, training_schemas(), source);
  std::map<std::string, int> unread;
  for (const Node& node : graph_.nodes) {
    for (const std::string& input : node.inputs) ++unread[input];
  }
  for (const int index : topological_order(graph_)) {
    Node& node = graph_.nodes[index];
    Blob& blob = blobs_[node.name];
    blob.shape = as_image(shapes.at(node.name));
    blob.values.resize(batch_.size() * blob.shape.size());
    if (&node == &graph_.input()) {
      input_ = &blob;
      continue;
    }
    if (&node == &graph_.output()) output_ = &blob;
    add_layer(node, unread);
  }
}

void TrainingNetwork::add_layer(Node& node, std::map<std::string, int>& unread) {
  std::vector<Edge> edges;
  Blob& output = blobs_.at(node.name);
  for (const std::string& name : node.inputs) {
    Blob& blob = blobs_.at(name);
    edges.push_back({&blob, --unread[name] > 0});
    output.differentiable |= blob.differentiable;
  }
  output.differentiable |= !node.tensors.empty();
  if (output.differentiable) output.gradients.resize(output.values.size());
  layers_.push_back(make_layer({node, edges, output, batch_, options_.estimator}));
  for (Parameter* parameter : layers_.back()->parameters()) parameters_.push_back(parameter);
}

void TrainingNetwork::run(const std::vector<Call>& calls) {
  pool_.for_ranges(batch_.shards, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t index = begin; index < end; ++index) {
      const Shard shard{index, index * batch_.samples, batch_.samples};
      for (const Call& call : calls) call(shard);
    }
  });
}

// A shard runs through the layers up to the next one that needs the whole batch.
void TrainingNetwork::forward(bool training, std::int64_t observed) {
  pool_.for_ranges(static_cast<std::int64_t>(layers_.size()), 1,
                   [&](std::int64_t i, std::int64_t) { layers_[i]->prepare(training); });
  std::vector<Call> calls;
  for (const auto& entry : layers_) {
    Layer* const layer = entry.get();
    BatchStatistics* const statistics = training ? layer->statistics() : nullptr;
    if (statistics != nullptr) {
      calls.emplace_back([statistics](const Shard& shard) { statistics->gather(shard); });
      run(calls);
      calls.clear();
      statistics->combine(observed);
    }
    calls.emplace_back([layer](const Shard& shard) { layer->forward(shard); });
  }
  run(calls);
}

void TrainingNetwork::backward() {
  std::vector<Call> calls;
  for (auto entry = layers_.rbegin(); entry != layers_.rend(); ++entry) {
    Layer* const layer = entry->get();
    if (BatchStatistics* const statistics = layer->statistics()) {
      calls.emplace_back([statistics](const Shard& shard) { statistics->gather_gradient(shard); });
      run(calls);
      calls.clear();
      statistics->combine_gradient();
    }
    calls.emplace_back([layer](const Shard& shard) { layer->backward(shard); });
  }
  run(calls);
  pool_.for_ranges(static_cast<std::int64_t>(layers_.size()), 1,
                   [&](std::int64_t i, std::int64_t) { layers_[i]->finish(); });
}

LossSum TrainingNetwork::loss(std::span<const int> labels, bool training) {
  const auto expected = static_cast<std::size_t>(batch_.size());
  if (training ? labels.size() != expected : labels.size() > expected)
    throw InternalError("a batch's labels do not fit it");
  const std::span<const float> used = std::span(output_->values).first(labels.size() * classes());
  return cross_entropy(used, labels, training ? options_.label_smoothing : 0.0,
                       1.0 / static_cast<double>(batch_.size()),
                       training ? std::span<float>(output_->gradients) : std::span<float>());
}

LossSum TrainingNetwork::step(std::span<const int> labels) {
  forward(true);
  const LossSum result = loss(labels, true);
  backward();
  return result;
}

LossSum TrainingNetwork::evaluate(std::span<const int> labels) {
  forward(false);
  return loss(labels, false);
}

void TrainingNetwork::observe(std::int64_t nth) { forward(true, nth); }

void TrainingNetwork::set_progress(double progress) {
  for (const auto& layer : layers_) layer->set_progress(progress);
}

SignIndicators TrainingNetwork::indicators() const {
  const auto at_end = make_estimator(options_.estimator, SignRole::weights);
  at_end->set_progress(1.0);
  SignIndicators sums;
  for (const auto& layer : layers_) {
    const auto weights = layer->signed_weights();
    if (!weights) continue;
    sums.estimating_error += estimating_error(*at_end, weights->values);
    sums.gradient_instability += gradient_instability(weights->gradient);
  }
  return sums;
}

bool TrainingNetwork::is_finite() const {
  return std::all_of(graph_.nodes.begin(), graph_.nodes.end(), has_finite_tensors) &&
         std::all_of(parameters_.begin(), parameters_.end(),
                     [](const Parameter* parameter) { return all_finite(parameter->gradient); });
}

std::string TrainingNetwork::first_not_finite() const {
  for (const int index : topological_order(graph_)) {
    const Node& node = graph_.nodes[index];
    if (!has_finite_tensors(node) || !all_finite(blobs_.at(node.name).values)) return node.name;
  }
  for (auto layer = layers_.rbegin(); layer != layers_.rend(); ++layer) {
    const std::string& name = (*layer)->name();
    if (!all_finite(blobs_.at(name).gradients)) return "the gradient of " + name;
    for (const Parameter* parameter : (*layer)->parameters()) {
      if (!all_finite(parameter->gradient)) return "the gradient of " + parameter->name;
    }
  }
  return "";
}

}  // namespace rheobase
