#pragma once

#include <memory>
#include <span>
#include <vector>

#include "binarize/estimators/estimator.h"
#include "sim/graph/graph.h"

namespace rheobase {

/// Binary weights alpha * sign(W) of latent weights W {O, ...}, alpha = mean |W| over the layer (Wu et al.,
/// ICCV 2023) or over each output channel (Rastegari et al., XNOR-Net, ECCV 2016). W gets its gradient
/// through the sign's estimator and through alpha. Under an estimator that standardises, sign and alpha are
/// those of (W - mean) / deviation over each output channel, and the gradient passes through that too.
class BinaryWeights {
 public:
  BinaryWeights(const EstimatorSettings& settings, bool scale_per_channel);

  struct Standardized {
    std::vector<float> values;
    std::vector<float> deviation;  ///< of each output channel; empty where nothing is standardised
  };
  /// W, standardised if the estimator wants it: what the sign is taken of.
  Standardized signed_values(const Tensor& latent) const;

  void set_progress(double progress) { estimator_->set_progress(progress); }
  /// What the layer computes with.
  std::vector<float> binarized(const Tensor& latent);
  /// The gradient of W, from that of the binarised weights of the last call.
  void gradient(const Tensor& latent, std::span<const float> binarized, std::span<float> result) const;

 private:
  std::int64_t groups(const Tensor& latent) const { return scale_per_channel_ ? latent.shape.at(0) : 1; }
  void gradient_of_standardized(std::span<float> gradient) const;

  std::unique_ptr<SignEstimator> estimator_;
  bool scale_per_channel_;
  Standardized weights_;  ///< signed_values() of the last call of binarized()
};

}  // namespace rheobase
