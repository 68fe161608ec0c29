// Synapses, pools, and what moves numbers about.
#include <onnx/onnx_pb.h>

#include "converters/onnx/export/export_ops.h"
#include "converters/onnx/export/export_steps.h"
#include "sim/core/error.h"
#include "sim/graph/structural_ops.h"

namespace rheobase::onnx_export {
namespace {

std::string tensor(const ExportCall& call, const char* name) {
  const Tensor& values = call.node.tensors.at(name);
  return call.writer.reals(call.node.name + "." + name, values.shape,
                           values.as(ValueType::float32).value().reals());
}

/// Input, weight and, where there is one, bias.
Names synapse_inputs(const ExportCall& call) {
  Names inputs{call.input(), tensor(call, "weight")};
  if (call.node.tensor("bias") != nullptr) inputs.push_back(tensor(call, "bias"));
  return inputs;
}

::onnx::NodeProto& add_node(const ExportCall& call, const char* op, const Names& inputs) {
  return call.writer.node(op, inputs, call.node.name, call.node.name);
}

void set_window(::onnx::NodeProto& node, const Window& window, bool has_dilation) {
  const auto list = [](const auto& values) { return Integers(values.begin(), values.end()); };
  set_attribute(node, "kernel_shape", list(window.kernel));
  set_attribute(node, "strides", list(window.stride));
  set_attribute(node, "pads", list(window.padding));
  if (has_dilation) set_attribute(node, "dilations", list(window.dilation));
  if (window.ceil_mode) set_attribute(node, "ceil_mode", 1);
}

/// How far the last window along an axis reaches beyond the padded image; below 0 where it ends before it.
std::int64_t overhang(const ExportCall& call, const Window& window, std::size_t axis) {
  const std::int64_t reach = window.dilation.at(axis) * (window.kernel.at(axis) - 1) + 1;
  const std::int64_t end = (call.shape()[axis + 1] - 1) * window.stride.at(axis) + reach;
  return end - (window.padding.at(axis) + call.input_shape()[axis + 1] + window.padding.at(axis + 2));
}

/// The same windows without ceil_mode, whose meaning differs between operator sets: padding behind the image
/// where the last ones reach beyond it. It counts neither in a maximum nor, count_include_pad off, in a mean.
Window without_ceil_mode(const ExportCall& call, Window window) {
  if (!window.ceil_mode) return window;
  window.ceil_mode = false;
  for (std::size_t axis = 0; axis < 2; ++axis) {
    const std::int64_t beyond = overhang(call, window, axis);
    if (beyond > 0) window.padding.at(axis + 2) += beyond;
  }
  return window;
}

Integers with_batch(std::int64_t batch, const Integers& values) {
  Integers result{batch};
  result.insert(result.end(), values.begin(), values.end());
  return result;
}

/// What a binary synapse makes of its whole-numbered sums: ReLU, scale and shift, another real added.
void finish_binary(const ExportCall& call, Steps& steps) {
  if (call.node.integer("relu", 0) != 0) steps.then("Relu");
  if (call.node.tensor("scale") != nullptr) steps.then("Mul", {call.per_channel("scale")});
  if (call.node.tensor("shift") != nullptr) steps.then("Add", {call.per_channel("shift")});
  if (call.node.inputs.size() > 1) steps.then("Add", {call.input(1)});
  steps.finish();
}

}  // namespace

void export_conv2d(const ExportCall& call) {
  const Conv2dAttributes conv = conv2d_attributes(call.node);
  ::onnx::NodeProto& node = add_node(call, "Conv", synapse_inputs(call));
  set_window(node, conv.window, true);
  set_attribute(node, "group", conv.groups);
}

void export_linear(const ExportCall& call) {
  set_attribute(add_node(call, "Gemm", synapse_inputs(call)), "transB", 1);
}

void export_binary_conv2d(const ExportCall& call) {
  Steps steps(call, call.input());
  set_window(steps.then("Conv", {tensor(call, "weight")}), conv2d_attributes(call.node).window, true);
  finish_binary(call, steps);
}

void export_binary_linear(const ExportCall& call) {
  Steps steps(call, call.input());
  set_attribute(steps.then("Gemm", {tensor(call, "weight")}), "transB", 1);
  finish_binary(call, steps);
}

void export_avg_pool2d(const ExportCall& call) {
  const Pool2dAttributes pool = pool2d_attributes(call.node);
  const Window window = without_ceil_mode(call, pool.window);
  if (pool.count_include_pad && window.padding != pool.window.padding)
    throw InputError("", call.node.name,
                     "counts padding in its means and has windows that end beyond it (ceil_mode), which "
                     "ONNX of opset 17 counts in another way");
  ::onnx::NodeProto& node = add_node(call, "AveragePool", {call.input()});
  set_window(node, window, false);
  if (pool.count_include_pad) set_attribute(node, "count_include_pad", 1);
}

void export_max_pool2d(const ExportCall& call) {
  const Window window = without_ceil_mode(call, pool2d_attributes(call.node).window);
  set_window(add_node(call, "MaxPool", {call.input()}), window, true);
}

void export_concat(const ExportCall& call) {
  Names inputs;
  for (std::size_t i = 0; i < call.node.inputs.size(); ++i) inputs.push_back(call.input(i));
  set_attribute(add_node(call, "Concat", inputs), "axis", 1);
}

void export_pad(const ExportCall& call) {
  Integers pads = with_batch(0, call.node.integers("before", {}));
  const Integers after = with_batch(0, call.node.integers("after", {}));
  pads.insert(pads.end(), after.begin(), after.end());
  add_node(call, "Pad", {call.input(), call.writer.integers(call.node.name + ".pads", pads)});
}

void export_slice(const ExportCall& call) {
  const SliceAttributes slice = slice_attributes(call.node);
  Integers axes;
  for (std::size_t axis = 1; axis <= slice.start.size(); ++axis)
    axes.push_back(static_cast<std::int64_t>(axis));
  const auto list = [&](const char* name, const Integers& values) {
    return call.writer.integers(call.node.name + "." + name, values);
  };
  const Names inputs{call.input(), list("starts", slice.start), list("ends", slice.stop), list("axes", axes),
                     list("steps", slice.step)};
  add_node(call, "Slice", inputs);
}

void export_flatten(const ExportCall& call) {
  set_attribute(add_node(call, "Flatten", {call.input()}), "axis", 1);
}

}  // namespace rheobase::onnx_export
