#pragma once

#include "sim/core/host_device.h"

namespace rheobase {

/// sign(z) with sign(0) = +1, and of a negative zero too.
RHEOBASE_HD inline float sign_step(float z) { return z >= 0.0F ? 1.0F : -1.0F; }

}  // namespace rheobase
