#pragma once

#include <cmath>

#include "neurons/lif_step.h"
#include "sim/core/host_device.h"

namespace rheobase {

/// The constants of one neuron; the largest and the least number where there is no bound.
template <class Number>
struct BurstLifNeuron {
  Number decay, v_threshold, v_min, most;
};

/// One time step of a leaky integrate-and-fire neuron that fires several times; returns how often. The
/// statement of the equation that reference and CUDA kernels share, in this order of operations (of float32,
/// each rounded):
///   v <- v * decay + x
///   n = the whole part of v / v_threshold, at most `most`; 0 where v is not above 0
///   v <- max(v - n * v_threshold, v_min)
RHEOBASE_HD inline float burst_lif_step(float& v, float x, const BurstLifNeuron<float>& neuron) {
  v = decayed(v, neuron.decay) + x;
  const float fitting = v > 0.0F ? std::floor(v / neuron.v_threshold) : 0.0F;
  const float spikes = fitting < neuron.most ? fitting : neuron.most;
  const float after = v - spikes * neuron.v_threshold;
  v = after < neuron.v_min ? neuron.v_min : after;
  return spikes;
}
RHEOBASE_HD inline std::int32_t burst_lif_step(std::int32_t& v, std::int32_t x,
                                               const BurstLifNeuron<std::int32_t>& neuron) {
  v = decayed(v, neuron.decay) + x;
  const std::int32_t fitting = v >= neuron.v_threshold ? v / neuron.v_threshold : 0;
  const std::int32_t spikes = fitting < neuron.most ? fitting : neuron.most;
  const std::int32_t after = v - spikes * neuron.v_threshold;
  v = after < neuron.v_min ? neuron.v_min : after;
  return spikes;
}

}  // namespace rheobase
