#pragma once

#include <cstdint>

#include "neurons/if_step.h"
#include "sim/core/host_device.h"

namespace rheobase {

/// The decay of fixed arithmetic is an integer from 0 to 2^lif_decay_bits, which is 1.
inline constexpr int lif_decay_bits = 24;

/// What a step leaves of u = v - v_leak.
RHEOBASE_HD inline float decayed(float u, float decay) { return u * decay; }
/// In integers (u * decay + 2^23) >> 24 with a shift that rounds down: to the nearest, halves towards
/// +infinity (3/2 becomes 2, -3/2 becomes -1). The product has at most 31 + 24 bits, so it needs 64. The
/// result lies between 0 and u, and within 1/2 of the exact product.
RHEOBASE_HD inline std::int32_t decayed(std::int32_t u, std::int32_t decay) {
  constexpr std::int64_t half = std::int64_t{1} << (lif_decay_bits - 1);
  return static_cast<std::int32_t>((std::int64_t{u} * decay + half) >> lif_decay_bits);
}

/// The constants of one neuron.
template <class Number>
struct LifNeuron {
  Number decay, v_leak, v_threshold, v_reset;
};

/// One time step of a leaky integrate-and-fire neuron; true when it fires. The statement of the equation that
/// reference and CUDA kernels share, in this order of operations (of float32, each rounded):
///   v <- (v_leak + (v - v_leak) * decay) + x;  fire if v >= v_threshold;  then as IF (if_step.h)
/// Number is float, or std::int32_t in fixed arithmetic.
template <class Number>
RHEOBASE_HD inline bool lif_step(Number& v, Number x, const LifNeuron<Number>& neuron, Reset reset) {
  v = neuron.v_leak + decayed(v - neuron.v_leak, neuron.decay);
  return if_step(v, x, neuron.v_threshold, reset, neuron.v_reset);
}

}  // namespace rheobase
