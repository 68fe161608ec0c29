#pragma once

#include <cstdint>

#include "sim/core/host_device.h"

namespace rheobase {

/// A logit of fixed arithmetic: the integer sum over the steps times the unit of its class, rounded to
/// float32 once.
RHEOBASE_HD inline float logit_of(std::int64_t sum, double unit) {
  return static_cast<float>(static_cast<double>(sum) * unit);
}

}  // namespace rheobase
