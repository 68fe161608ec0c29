#pragma once

#include "neurons/reset.h"
#include "sim/core/host_device.h"

namespace rheobase {

/// One time step of an integrate-and-fire neuron; true when it fires. The statement of the equation that
/// reference and CUDA kernels share:
///   v <- v + x;  fire if v >= v_threshold;  on firing v <- v - v_threshold | v_reset | v
/// Number is float, or std::int32_t in fixed arithmetic.
template <class Number>
RHEOBASE_HD inline bool if_step(Number& v, Number x, Number v_threshold, Reset reset, Number v_reset) {
  v += x;
  const bool fire = v >= v_threshold;
  if (fire && reset == Reset::subtract) v -= v_threshold;
  if (fire && reset == Reset::zero) v = v_reset;
  return fire;
}

}  // namespace rheobase
