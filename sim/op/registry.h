#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "sim/device/device.h"
#include "sim/graph/op_schema.h"
#include "sim/op/input.h"

namespace rheobase {

class Executor;
struct EngineOptions;
struct OperationPlan;
struct Plan;

/// Makes what runs a plan on a device with memory of its own (sim/engine/executor.h). What it is given
/// outlives it, but for the options.
using MakeExecutor =
    std::function<std::unique_ptr<Executor>(const Plan&, const OperationPlan&, const EngineOptions&)>;

/// The ops that exist, what they are in each arithmetic, and the devices that run them: (op, arithmetic) ->
/// plan, (op, device, arithmetic) -> kernel, (coding, device) -> input, device -> executor.
class Registry {
 public:
  void add_schema(OpSchema schema) { schemas_.add(std::move(schema)); }
  void add_plan(const std::string& op, Arithmetic arithmetic, PlanNode plan);
  void add_kernel(const std::string& op, DeviceKind device, Arithmetic arithmetic, MakeKernel make);

  void add_input(Coding coding, DeviceKind device, MakeInput make);
  void add_executor(DeviceKind device, MakeExecutor make);

  const SchemaSet& schemas() const { return schemas_; }
  SchemaSet& schemas() { return schemas_; }
  /// nullptr for a device that the host's executor serves.
  const MakeExecutor* executor(DeviceKind device) const;
  /// nullptr where the device has no such coding.
  const MakeInput* input(Coding coding, DeviceKind device) const;
  /// nullptr where the op does not exist in this arithmetic.
  const PlanNode* plan(const std::string& op, Arithmetic arithmetic) const;
  /// nullptr when the device does not support the op in this arithmetic.
  const MakeKernel* find(const std::string& op, DeviceKind device, Arithmetic arithmetic) const;
  /// Sorted names of the ops a device supports.
  std::vector<std::string> supported(DeviceKind device, Arithmetic arithmetic) const;

 private:
  SchemaSet schemas_;
  std::map<std::pair<std::string, Arithmetic>, PlanNode> plans_;
  std::map<std::tuple<std::string, DeviceKind, Arithmetic>, MakeKernel> kernels_;
  std::map<std::pair<Coding, DeviceKind>, MakeInput> inputs_;
  std::map<DeviceKind, MakeExecutor> executors_;
};

/// The structural ops of sim/ and the codings of inputs, with their reference and cpu kernels.
void register_structural_ops(Registry& registry);
void register_inputs(Registry& registry);

}  // namespace rheobase
