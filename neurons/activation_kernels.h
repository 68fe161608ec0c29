#pragma once

#include "sim/op/host/host_kernel.h"

namespace rheobase {

// Activations without state; the compiler makes the same sums of both, so one kernel serves reference and
// cpu.
NodePlan plan_activation(const NodeContext& context);
MakeHostKernel make_relu;
MakeHostKernel make_qcfs;

}  // namespace rheobase
