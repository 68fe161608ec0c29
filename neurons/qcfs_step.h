#pragma once

#include <math.h>  // floorf, which nvcc knows too

#include "sim/core/host_device.h"

namespace rheobase {

/// lambda * clip(floor(z * L / lambda + 1/2) / L, 0, 1), in the order of operations of the networks as they
/// are trained: divide by lambda, clip, scale by L, shift, floor.
RHEOBASE_HD inline float qcfs_step(float z, float lambda, float levels) {
  float u = z / lambda;
  u = u > 0.0F ? u : 0.0F;
  u = u < 1.0F ? u : 1.0F;
  return floorf(u * levels + 0.5F) / levels * lambda;
}

}  // namespace rheobase
