#pragma once

#include "sim/op/registry.h"

namespace rheobase {

/// The executor of the device cuda: fixed arithmetic, direct coding. Throws InputError where the GPU is not
/// there, or has no room for the slots.
std::unique_ptr<Executor> make_cuda_executor(const Plan& plan, const OperationPlan& operations,
                                             const EngineOptions& options);

/// Adds the device cuda: its executor, and kernels for the ops of sim/.
void register_cuda(Registry& registry);

}  // namespace rheobase
