#pragma once

#include <cstdint>

#include "sim/core/host_device.h"

namespace rheobase {

/// The constants of one multi-threshold neuron. Number is float, or std::int32_t in fixed arithmetic.
template <class Number>
struct MultiThresholdNeuron {
  Number unit;           ///< value of the smallest event, theta / 2^(levels - 1)
  Number trigger;        ///< the potential from which on it fires: 3/4 unit, 1/2 for SignedIF
  std::int32_t ceiling;  ///< the largest net output by this step, in units
};

/// One time step of a multi-threshold neuron: the event, 0 or +-2^k, in units. The statement of the equation
/// that reference and CUDA kernels share:
///   v <- v + x
///   e = the largest 2^k, k < levels, with |v| >= 2^k trigger and 2^k <= room; none: 0
///   room = net where v < 0, so that the net output never falls below 0, else ceiling - net
///   v <- v - sign(v) e unit;  net <- net + sign(v) e
/// In float32 a product e * unit is exact, so each line but the first condition rounds once at most.
template <class Number>
RHEOBASE_HD inline std::int32_t multi_threshold_step(Number& v, std::int32_t& net, Number x, int levels,
                                                     const MultiThresholdNeuron<Number>& neuron) {
  v += x;
  const bool negative = v < 0;
  const Number magnitude = negative ? -v : v;
  const std::int32_t room = negative ? net : neuron.ceiling - net;
  std::int32_t event = 0;
  Number trigger = neuron.trigger;
  for (int k = 0; k < levels; ++k) {
    if (k > 0) trigger += trigger;
    if (magnitude >= trigger && room >= std::int32_t{1} << k) event = std::int32_t{1} << k;
  }
  if (negative) event = -event;
  v -= static_cast<Number>(event) * neuron.unit;
  net += event;
  return event;
}

}  // namespace rheobase
