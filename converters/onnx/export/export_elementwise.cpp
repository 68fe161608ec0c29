// What is computed number by number: each op in the steps, and their order, in which the engine computes it.
#include <onnx/onnx_pb.h>

#include <cmath>
#include <limits>

#include "converters/onnx/export/export_ops.h"
#include "converters/onnx/export/export_steps.h"
#include "neurons/qcfs.h"
#include "neurons/relu.h"

namespace rheobase::onnx_export {

/// Normalisation is part of the network: the file takes what comes before it, pixels in [0, 1].
void export_input(const ExportCall& call) {
  const Node& node = call.node;
  call.writer.add_input(node.name, call.shape());
  Steps steps(call, node.name);
  if (node.tensor("mean") != nullptr) steps.then("Sub", {call.per_channel("mean")});
  if (node.tensor("std") != nullptr) steps.then("Div", {call.per_channel("std")});
  call.writer.set_value(node.name, steps.value());
}

void export_output(const ExportCall& call) {
  Steps steps(call, call.input());
  steps.then("Identity");
  steps.finish();
  call.writer.add_output(call.node.name, call.shape());
}

void export_affine(const ExportCall& call) {
  Steps steps(call, call.input());
  steps.then("Mul", {call.per_channel("scale")});
  steps.then("Add", {call.per_channel("shift")});
  steps.finish();
}

void export_add(const ExportCall& call) {
  Steps steps(call, call.input(0));
  for (std::size_t i = 1; i < call.node.inputs.size(); ++i) steps.then("Add", {call.input(i)});
  steps.finish();
}

void export_relu(const ExportCall& call) {
  const ReluParameters relu = ReluParameters::of(call.node);
  Steps steps(call, call.input());
  if (std::isinf(relu.max)) {
    steps.then("Relu");
  } else {
    steps.then("Clip", {steps.real("min", 0), steps.real("max", relu.max)});
  }
  steps.finish();
}

void export_qcfs(const ExportCall& call) {
  const QcfsParameters qcfs = QcfsParameters::of(call.node);
  Steps steps(call, call.input());
  const std::string lambda = call.per_channel("lambda");
  const std::string levels = steps.real("L", static_cast<float>(qcfs.levels));
  steps.then("Div", {lambda});
  steps.then("Clip", {steps.real("min", 0), steps.real("max", 1)});
  steps.then("Mul", {levels});
  steps.then("Add", {steps.real("half", 0.5F)});
  steps.then("Floor");
  steps.then("Div", {levels});
  steps.then("Mul", {lambda});
  steps.finish();
}

/// Not ONNX's Sign, which is 0 at 0.
void export_sign(const ExportCall& call) {
  Steps steps(call, call.input());
  const bool has_threshold = call.node.tensor("threshold") != nullptr;
  steps.then("GreaterOrEqual", {has_threshold ? call.per_channel("threshold") : steps.real("threshold", 0)});
  steps.then("Where", {steps.real("true", 1), steps.real("false", -1)});
  steps.finish();
}

}  // namespace rheobase::onnx_export
