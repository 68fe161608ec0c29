#pragma once

#include <memory>

#include "sim/op/kernel.h"

namespace rheobase {

// Activations without state; the compiler makes the same sums of both, so one kernel serves reference and
// cpu.
std::unique_ptr<Kernel> make_relu(const KernelContext& context);
std::unique_ptr<Kernel> make_qcfs(const KernelContext& context);

}  // namespace rheobase
