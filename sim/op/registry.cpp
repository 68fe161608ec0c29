#include "sim/op/registry.h"

#include <utility>

#include "sim/core/error.h"

namespace rheobase {

void Registry::add_kernel(const std::string& op, DeviceKind device, Arithmetic arithmetic, MakeKernel make) {
  if (!kernels_.emplace(std::tuple(op, device, arithmetic), std::move(make)).second) {
    throw InternalError("kernel of '" + op + "' registered twice for " + to_string(device) + ", " +
                        to_string(arithmetic));
  }
}

void Registry::add_plan(const std::string& op, Arithmetic arithmetic, PlanNode plan) {
  if (!plans_.emplace(std::pair(op, arithmetic), std::move(plan)).second)
    throw InternalError("plan of '" + op + "' registered twice for " + to_string(arithmetic));
}

const PlanNode* Registry::plan(const std::string& op, Arithmetic arithmetic) const {
  const auto found = plans_.find({op, arithmetic});
  return found == plans_.end() ? nullptr : &found->second;
}

const MakeKernel* Registry::find(const std::string& op, DeviceKind device, Arithmetic arithmetic) const {
  const auto found = kernels_.find({op, device, arithmetic});
  return found == kernels_.end() ? nullptr : &found->second;
}

void Registry::add_input(Coding coding, DeviceKind device, MakeInput make) {
  if (!inputs_.emplace(std::pair(coding, device), std::move(make)).second)
    throw InternalError(std::string("coding registered twice for ") + to_string(device));
}

const MakeInput* Registry::input(Coding coding, DeviceKind device) const {
  const auto found = inputs_.find({coding, device});
  return found == inputs_.end() ? nullptr : &found->second;
}

void Registry::add_executor(DeviceKind device, MakeExecutor make) {
  if (!executors_.emplace(device, std::move(make)).second)
    throw InternalError(std::string("executor registered twice for ") + to_string(device));
}

const MakeExecutor* Registry::executor(DeviceKind device) const {
  const auto found = executors_.find(device);
  return found == executors_.end() ? nullptr : &found->second;
}

std::vector<std::string> Registry::supported(DeviceKind device, Arithmetic arithmetic) const {
  std::vector<std::string> ops;
  for (const auto& [key, make] : kernels_) {
    if (std::get<1>(key) == device && std::get<2>(key) == arithmetic) ops.push_back(std::get<0>(key));
  }
  return ops;
}

}  // namespace rheobase
