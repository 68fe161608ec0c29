#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "sim/device/device.h"
#include "sim/graph/op_schema.h"
#include "sim/op/kernel.h"

namespace rheobase {

/// The ops that exist and the devices that run them: (op, device) -> kernel.
class Registry {
 public:
  void add_schema(OpSchema schema) { schemas_.add(std::move(schema)); }
  void add_kernel(const std::string& op, DeviceKind device, MakeKernel make);

  const SchemaSet& schemas() const { return schemas_; }
  SchemaSet& schemas() { return schemas_; }
  /// nullptr when the device does not support the op.
  const MakeKernel* find(const std::string& op, DeviceKind device) const;
  /// Sorted names of the ops a device supports.
  std::vector<std::string> supported(DeviceKind device) const;

 private:
  SchemaSet schemas_;
  std::map<std::pair<std::string, DeviceKind>, MakeKernel> kernels_;
};

/// The structural ops of sim/ with their reference and cpu kernels.
void register_structural_ops(Registry& registry);

}  // namespace rheobase
