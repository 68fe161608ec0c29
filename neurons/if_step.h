#pragma once

#include "neurons/if.h"
#include "sim/core/host_device.h"

namespace rheobase {

/// One time step of an integrate-and-fire neuron; true when it fires. The statement of the equation that
/// reference and CUDA kernels share:
///   v <- v + x;  fire if v >= v_threshold;  on firing v <- v - v_threshold | v_reset | v
RHEOBASE_HD inline bool if_step(float& v, float x, float v_threshold, Reset reset, float v_reset) {
  v += x;
  const bool fire = v >= v_threshold;
  if (fire && reset == Reset::subtract) v -= v_threshold;
  if (fire && reset == Reset::zero) v = v_reset;
  return fire;
}

}  // namespace rheobase
