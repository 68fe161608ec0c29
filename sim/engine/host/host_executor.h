#pragma once

#include <memory>
#include <vector>

#include "sim/engine/executor.h"
#include "sim/engine/host/path_choice.h"
#include "sim/engine/operation_plan.h"
#include "sim/engine/plan.h"

namespace rheobase {

/// One for every node: those without a choice take no path.
std::vector<PathChoice> path_choices(const Plan& plan, KernelChoice forced);

/// The executor of the reference and the cpu device: layer by layer over the lanes of all slots. `plan`,
/// `operations` and `paths`, which it keeps up to date, outlive it.
std::unique_ptr<Executor> make_host_executor(const Plan& plan, const OperationPlan& operations,
                                             const EngineOptions& options, std::vector<PathChoice>& paths);

/// Host memory of one slot: its signals and states.
std::size_t host_bytes_per_slot(const Plan& plan, int lookahead);

}  // namespace rheobase
