#pragma once

#include "sim/device/device.h"

namespace rheobase {

/// The GPUs that are here, or why none can be used. A build without CUDA has none.
DeviceInfo cuda_info();

}  // namespace rheobase
