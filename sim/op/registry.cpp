#include "sim/op/registry.h"

#include "sim/core/error.h"

namespace rheobase {

void Registry::add_kernel(const std::string& op, DeviceKind device, MakeKernel make) {
  if (!kernels_.emplace(std::make_pair(op, device), std::move(make)).second) {
    throw InternalError("kernel of '" + op + "' registered twice for " + to_string(device));
  }
}

const MakeKernel* Registry::find(const std::string& op, DeviceKind device) const {
  const auto found = kernels_.find({op, device});
  return found == kernels_.end() ? nullptr : &found->second;
}

std::vector<std::string> Registry::supported(DeviceKind device) const {
  std::vector<std::string> ops;
  for (const auto& [key, make] : kernels_) {
    if (key.second == device) ops.push_back(key.first);
  }
  return ops;
}

}  // namespace rheobase
