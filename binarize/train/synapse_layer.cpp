// Conv2d and Linear, with real weights or binary ones.
#include <algorithm>
#include <optional>

#include "binarize/train/binary_weights.h"
#include "binarize/train/dense_convolution.h"
#include "binarize/train/layers.h"
#include "binarize/train/loops.h"

namespace rheobase {
namespace {

Conv2dAttributes attributes_of(const Node& node) {
  if (node.tensors.at("weight").shape.size() == 4) return conv2d_attributes(node);
  return {};  // a Linear: one tap
}

DenseConvolution::Plan plan_of(const LayerContext& context) {
  ImageShape input = context.inputs[0].blob->shape;
  if (context.node.tensors.at("weight").shape.size() == 2) input = {input.size(), 1, 1};
  return {attributes_of(context.node), input,
          context.output.shape,        context.batch.samples,
          context.batch.shards,        context.inputs[0].blob->differentiable};
}

class SynapseLayer : public Layer {
 public:
  explicit SynapseLayer(const LayerContext& context)
      : Layer(context),
        dense_(plan_of(context)),
        weight_{context.node.name + ".weight", &context.node.tensors.at("weight"), {}},
        added_(context.batch.shards) {
    weight_.gradient.resize(weight_.value->size());
    if (context.node.tensors.contains("bias")) {
      bias_ = {context.node.name + ".bias", &context.node.tensors.at("bias"), {}};
      bias_->gradient.resize(bias_->value->size());
      bias_sums_.assign(batch().shards, std::vector<double>(bias_->value->size()));
    }
    if (context.node.op.starts_with("Binary"))
      binary_.emplace(context.estimator, context.node.word("scale", "layer") == "channel");
  }

  std::vector<Parameter*> parameters() override {
    std::vector<Parameter*> all{&weight_};
    if (bias_) all.push_back(&*bias_);
    return all;
  }
  void set_progress(double progress) override {
    if (binary_) binary_->set_progress(progress);
  }
  std::optional<SignedWeights> signed_weights() const override {
    if (!binary_) return std::nullopt;
    return SignedWeights{binary_->signed_values(*weight_.value).values, weight_.gradient};
  }

  void prepare(bool training) override {
    if (binary_) {
      dense_.set_weights(binary_->binarized(*weight_.value).data(), training);
    } else {
      dense_.set_weights(weight_.value->reals().data(), training);
    }
  }

  void forward(const Shard& shard) override {
    float* const y = output().sample(shard.first);
    dense_.forward(shard.index, input().blob->sample(shard.first), y);
    if (bias_) loops::add_to_channels(bias_->value->reals().data(), pixels(shard), y);
  }

  void backward(const Shard& shard) override {
    const float* const dy = output().gradient(shard.first);
    dense_.backward_weights(shard.index, input().blob->sample(shard.first), dy);
    if (bias_) loops::channel_sums(dy, pixels(shard), bias_sums_[shard.index].data());
    if (!input().blob->differentiable) return;
    float* const dx = input().blob->gradient(shard.first);
    if (!input().accumulate) return dense_.backward_input(shard.index, dy, dx);
    std::vector<float>& added = added_[shard.index];
    added.resize(shard.count * input().blob->shape.size());
    dense_.backward_input(shard.index, dy, added.data());
    loops::add(added.data(), dx, static_cast<std::int64_t>(added.size()));
  }

  void finish() override {
    dense_.weight_gradient(weight_.gradient.data());
    if (binary_) {
      const std::vector<float> binarized = weight_.gradient;
      binary_->gradient(*weight_.value, binarized, weight_.gradient);
    }
    if (!bias_) return;
    for (std::size_t c = 0; c < bias_->gradient.size(); ++c) {
      double sum = 0.0;
      for (const auto& sums : bias_sums_) sum += sums[c];
      bias_->gradient[c] = static_cast<float>(sum);
    }
  }

 private:
  loops::Pixels pixels(const Shard& shard) {
    return {shard.count * output().shape.pixels(), output().shape.channels};
  }

  DenseConvolution dense_;
  Parameter weight_;
  std::optional<Parameter> bias_;
  std::optional<BinaryWeights> binary_;
  std::vector<std::vector<float>> added_;       ///< by shard: an input gradient that is added to another
  std::vector<std::vector<double>> bias_sums_;  ///< by shard
};

}  // namespace

std::unique_ptr<Layer> make_synapse_layer(const LayerContext& context) {
  return std::make_unique<SynapseLayer>(context);
}

}  // namespace rheobase
