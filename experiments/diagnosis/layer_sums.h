#pragma once

#include <cstdint>
#include <span>

#include "experiments/diagnosis/diagnosis.h"

namespace rheobase {

/// Sums over pairs of numbers for their correlation.
struct PairSums {
  std::int64_t count = 0;
  double x = 0.0, y = 0.0, xx = 0.0, yy = 0.0, xy = 0.0;

  void add(double one, double other);
  void add(const PairSums& more);
  double correlation() const;  ///< NaN where one of the two does not vary
};

/// What is known of a layer on one sample after some steps; all are [value], in one order.
struct LayerSample {
  std::span<const float> activation;  ///< of the source network
  std::span<const float> decoded;     ///< of the spiking network
  std::span<const float> of_current;  ///< the source network's function of the mean current
  std::span<const std::uint16_t> events;
  std::span<const float> least;  ///< number that the neuron emitted
  float largest = 0.0F;          ///< number that any neuron emitted
};

/// Sums of one layer after some steps, over samples. Added up in the order of the samples.
class LayerSums {
 public:
  void add(const LayerSample& sample, int steps);
  void add(const LayerSums& more);

  double rms() const;  ///< of the source network's activation
  LayerError result(int steps) const;

 private:
  void add_saturated(float activation, float decoded, double own);

  PairSums pairs_;                                       // activation, decoded
  double difference_ = 0.0, squared_ = 0.0, own_ = 0.0;  // of decoded and activation; squares
  double events_ = 0.0, silence_ = 0.0;
  std::int64_t active_ = 0, silent_ = 0;
  // Of neurons whose least number is the largest one of the layer, begun anew where a larger one is seen.
  float largest_ = 0.0F;
  std::int64_t saturated_ = 0, clipped_ = 0;
  double clipping_ = 0.0;
};

}  // namespace rheobase
