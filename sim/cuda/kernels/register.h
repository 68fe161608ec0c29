#pragma once

#include "sim/op/registry.h"

namespace rheobase::cuda {

/// The ops of sim/ in fixed arithmetic, and direct coding.
void register_ops(Registry& registry);

}  // namespace rheobase::cuda
