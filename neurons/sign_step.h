#pragma once

#include "sim/core/host_device.h"

namespace rheobase {

/// True where the sign of z - threshold is +1: sign(0) = +1, and of a negative zero too.
RHEOBASE_HD inline bool is_positive(float z, float threshold) { return z >= threshold; }

/// sign(z) with sign(0) = +1.
RHEOBASE_HD inline float sign_step(float z) { return is_positive(z, 0.0F) ? 1.0F : -1.0F; }

}  // namespace rheobase
