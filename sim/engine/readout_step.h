#pragma once

#include <cstdint>

#include "sim/core/host_device.h"

namespace rheobase {

/// A logit of fixed arithmetic: the start, and the integer sum over the steps times the unit of its class,
/// times `factor`, rounded to float32 once.
RHEOBASE_HD inline float logit_of(std::int64_t sum, double unit, double start, double factor) {
  return static_cast<float>((start + static_cast<double>(sum) * unit) * factor);
}

}  // namespace rheobase
