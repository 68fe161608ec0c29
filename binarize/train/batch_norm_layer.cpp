// BatchNorm over the whole batch (Ioffe and Szegedy, ICML 2015), of images and of vectors.
#include <cmath>

#include "binarize/train/layers.h"
#include "binarize/train/loops.h"

namespace rheobase {
namespace {

class BatchNormLayer : public Layer, private BatchStatistics {
 public:
  explicit BatchNormLayer(const LayerContext& context)
      : Layer(context),
        epsilon_(context.node.real("epsilon", 1e-5)),
        momentum_(context.node.real("momentum", 0.1)),
        channels_(context.output.shape.channels),
        count_(static_cast<double>(context.batch.size() * context.output.shape.pixels())),
        weight_{context.node.name + ".weight", &context.node.tensors.at("weight"),
                std::vector<float>(channels_)},
        bias_{context.node.name + ".bias", &context.node.tensors.at("bias"), std::vector<float>(channels_)},
        running_mean_(context.node.tensors.at("running_mean").reals()),
        running_var_(context.node.tensors.at("running_var").reals()),
        mean_(channels_),
        deviation_(channels_),
        scale_(channels_),
        shift_(channels_),
        shares_(context.batch.shards) {
    for (Share& share : shares_) {
      share.mean.resize(channels_);
      share.sums.resize(channels_);
      share.products.resize(channels_);
    }
    for (auto& table : gradient_tables_) table.resize(channels_);
  }

  std::vector<Parameter*> parameters() override { return {&weight_, &bias_}; }

  BatchStatistics* statistics() override { return this; }

  void prepare(bool training) override {
    if (training) return;
    for (std::int64_t c = 0; c < channels_; ++c) set_channel(c, running_mean_[c], running_var_[c]);
  }

  // Mean and sum of squares about it, of one shard.
  void gather(const Shard& shard) override {
    Share& share = shares_[shard.index];
    const float* const x = input().blob->sample(shard.first);
    loops::channel_sums(x, pixels(shard), share.sums.data());
    for (std::int64_t c = 0; c < channels_; ++c)
      share.mean[c] = static_cast<float>(share.sums[c] / static_cast<double>(pixels(shard).count));
    loops::channel_squares(x, share.mean.data(), pixels(shard), share.products.data());
  }

  // The shards' statistics into those of the batch (Chan, Golub and LeVeque 1979), and the running ones.
  void combine(std::int64_t observed) override {
    const double share = observed > 0 ? 1.0 / static_cast<double>(observed) : momentum_;
    const double width = count_ / static_cast<double>(batch().shards);
    for (std::int64_t c = 0; c < channels_; ++c) {
      double mean = 0.0;
      for (const Share& share : shares_) mean += share.sums[c];
      mean /= count_;
      double squares = 0.0;
      for (const Share& share : shares_) {
        const double distance = share.sums[c] / width - mean;
        squares += share.products[c] + width * distance * distance;
      }
      set_channel(c, mean, squares / count_);
      const auto blend = [&](float& running, double now) {
        running = static_cast<float>((1 - share) * running + share * now);
      };
      blend(running_mean_[c], mean);
      blend(running_var_[c], count_ > 1 ? squares / (count_ - 1) : squares);
    }
  }

  void forward(const Shard& shard) override {
    loops::affine(input().blob->sample(shard.first), scale_.data(), shift_.data(), pixels(shard),
                  output().sample(shard.first));
  }

  void gather_gradient(const Shard& shard) override {
    Share& share = shares_[shard.index];
    loops::normalized_sums(input().blob->sample(shard.first), output().gradient(shard.first), mean_.data(),
                           pixels(shard), share.sums.data(), share.products.data());
  }

  // With u = (x - mean) / deviation: dx = weight / deviation (dy - mean(dy) - u mean(dy u)).
  void combine_gradient() override {
    for (std::int64_t c = 0; c < channels_; ++c) {
      double sum = 0.0, product = 0.0;
      for (const Share& share : shares_) {
        sum += share.sums[c];
        product += share.products[c];
      }
      product /= deviation_[c];
      bias_.gradient[c] = static_cast<float>(sum);
      weight_.gradient[c] = static_cast<float>(product);
      const double scale = weight_.value->reals()[c] / deviation_[c];
      const double by_x = -scale * product / (count_ * deviation_[c]);
      gradient_tables_[0][c] = static_cast<float>(scale);
      gradient_tables_[1][c] = static_cast<float>(by_x);
      gradient_tables_[2][c] = static_cast<float>(-scale * sum / count_ - by_x * mean_[c]);
    }
  }

  void backward(const Shard& shard) override {
    if (!input().blob->differentiable) return;
    const float* const tables[3] = {gradient_tables_[0].data(), gradient_tables_[1].data(),
                                    gradient_tables_[2].data()};
    loops::normalized_gradient(input().blob->sample(shard.first), output().gradient(shard.first), tables,
                               pixels(shard), input().blob->gradient(shard.first), input().accumulate);
  }

 private:
  struct Share {
    std::vector<float> mean;
    std::vector<double> sums, products;
  };

  loops::Pixels pixels(const Shard& shard) { return {shard.count * output().shape.pixels(), channels_}; }

  void set_channel(std::int64_t c, double mean, double variance) {
    const double deviation = std::sqrt(variance + epsilon_);
    const double scale = weight_.value->reals()[c] / deviation;
    mean_[c] = static_cast<float>(mean);
    deviation_[c] = deviation;
    scale_[c] = static_cast<float>(scale);
    shift_[c] = static_cast<float>(bias_.value->reals()[c] - mean * scale);
  }

  double epsilon_, momentum_;
  std::int64_t channels_;
  double count_;  ///< pixels of a batch
  Parameter weight_, bias_;
  std::vector<float>&running_mean_, &running_var_;
  std::vector<float> mean_;
  std::vector<double> deviation_;
  std::vector<float> scale_, shift_;
  std::vector<Share> shares_;
  std::vector<float> gradient_tables_[3];
};

}  // namespace

std::unique_ptr<Layer> make_batch_norm_layer(const LayerContext& context) {
  return std::make_unique<BatchNormLayer>(context);
}

}  // namespace rheobase
