#pragma once

#include "sim/op/registry.h"

namespace rheobase {

/// Everything this program can run: the structural ops and every neuron.
Registry full_registry();

}  // namespace rheobase
