// ReLU, PReLU, QCFS and Sign.
#include "binarize/train/layers.h"
#include "binarize/train/loops.h"

namespace rheobase {
namespace {

// What activations share: where a shard's values are.
class ActivationLayer : public Layer {
 public:
  using Layer::Layer;

 protected:
  std::int64_t values(const Shard& shard) { return shard.count * output().shape.size(); }
  loops::Pixels pixels(const Shard& shard) {
    return {shard.count * output().shape.pixels(), output().shape.channels};
  }
  const float* x(const Shard& shard) { return input().blob->sample(shard.first); }
  float* y(const Shard& shard) { return output().sample(shard.first); }
  const float* dy(const Shard& shard) { return output().gradient(shard.first); }
  // nullptr where nobody wants it.
  float* dx(const Shard& shard) {
    return input().blob->differentiable ? input().blob->gradient(shard.first) : nullptr;
  }
};

class ReluLayer : public ActivationLayer {
 public:
  using ActivationLayer::ActivationLayer;

  void forward(const Shard& shard) override { loops::relu(x(shard), y(shard), values(shard)); }
  void backward(const Shard& shard) override {
    if (dx(shard) == nullptr) return;
    loops::relu_gradient(x(shard), dy(shard), dx(shard), values(shard), input().accumulate);
  }
};

class PreluLayer : public ActivationLayer {
 public:
  explicit PreluLayer(const LayerContext& context)
      : ActivationLayer(context),
        slope_{context.node.name + ".slope", &context.node.tensors.at("slope"), {}},
        sums_(context.batch.shards, std::vector<double>(context.output.shape.channels)) {
    slope_.gradient.resize(slope_.value->size());
  }

  std::vector<Parameter*> parameters() override { return {&slope_}; }

  void forward(const Shard& shard) override {
    loops::prelu(x(shard), slope_.value->reals().data(), pixels(shard), y(shard));
  }
  void backward(const Shard& shard) override {
    loops::prelu_gradient(x(shard), dy(shard), slope_.value->reals().data(), pixels(shard), dx(shard),
                          input().accumulate, sums_[shard.index].data());
  }
  void finish() override {
    for (std::size_t c = 0; c < slope_.gradient.size(); ++c) {
      double sum = 0.0;
      for (const auto& sums : sums_) sum += sums[c];
      slope_.gradient[c] = static_cast<float>(sum);
    }
  }

 private:
  Parameter slope_;                        ///< {C}
  std::vector<std::vector<double>> sums_;  ///< by shard
};

// Bu et al., ICLR 2022, with the support of the authors' second code: clipped before the floor, so the
// gradient passes for 0 <= x <= lambda. lambda is trained.
class QcfsLayer : public ActivationLayer {
 public:
  explicit QcfsLayer(const LayerContext& context)
      : ActivationLayer(context),
        levels_(static_cast<float>(context.node.integer("L", 4))),
        lambda_{context.node.name + ".lambda", &context.node.tensors.at("lambda"), {0.0F}, 1e-3F},
        sums_(context.batch.shards) {}

  std::vector<Parameter*> parameters() override { return {&lambda_}; }

  void forward(const Shard& shard) override {
    loops::qcfs(x(shard), lambda(), levels_, y(shard), values(shard));
  }
  void backward(const Shard& shard) override {
    sums_[shard.index] = loops::qcfs_gradient(x(shard), y(shard), dy(shard), lambda(), dx(shard),
                                              values(shard), input().accumulate);
  }
  void finish() override {
    double sum = 0.0;
    for (const double share : sums_) sum += share;
    lambda_.gradient[0] = static_cast<float>(sum);
  }

 private:
  float lambda() const { return lambda_.value->reals()[0]; }

  float levels_;
  Parameter lambda_;
  std::vector<double> sums_;  ///< by shard
};

class SignLayer : public ActivationLayer {
 public:
  explicit SignLayer(const LayerContext& context)
      : ActivationLayer(context), estimator_(make_estimator(context.estimator, SignRole::activations)) {}

  void set_progress(double progress) override { estimator_->set_progress(progress); }

  void forward(const Shard& shard) override { loops::sign(x(shard), y(shard), values(shard)); }
  void backward(const Shard& shard) override {
    if (dx(shard) == nullptr) return;
    const auto count = static_cast<std::size_t>(values(shard));
    estimator_->backward({x(shard), count}, {dy(shard), count}, {dx(shard), count}, input().accumulate);
  }

 private:
  std::unique_ptr<SignEstimator> estimator_;
};

}  // namespace

std::unique_ptr<Layer> make_relu_layer(const LayerContext& context) {
  return std::make_unique<ReluLayer>(context);
}
std::unique_ptr<Layer> make_prelu_layer(const LayerContext& context) {
  return std::make_unique<PreluLayer>(context);
}
std::unique_ptr<Layer> make_qcfs_layer(const LayerContext& context) {
  return std::make_unique<QcfsLayer>(context);
}
std::unique_ptr<Layer> make_sign_layer(const LayerContext& context) {
  return std::make_unique<SignLayer>(context);
}

}  // namespace rheobase
