#pragma once

#include "neurons/burst_lif.h"
#include "sim/op/host/host_kernel.h"

namespace rheobase {

/// State: the potential, int32 [pixel][channel]. Emits numbers of spikes as int16.
NodePlan plan_burst_lif_fixed(const NodeContext& context);
MakeHostKernel make_burst_lif_fixed_reference;
MakeHostKernel make_burst_lif_fixed_cpu;

}  // namespace rheobase
