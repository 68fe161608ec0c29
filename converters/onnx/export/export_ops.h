#pragma once

#include <string>
#include <vector>

#include "converters/onnx/export/export_writer.h"
#include "sim/graph/validate.h"

namespace rheobase::onnx_export {

/// A node of a validated graph, to be written.
struct ExportCall {
  const Node& node;
  const ShapeMap& shapes;
  OnnxWriter& writer;

  /// The value at input `i`, and its shape without the batch.
  const std::string& input(std::size_t i = 0) const { return writer.value(node.inputs.at(i)); }
  const Shape& input_shape() const { return shapes.at(node.inputs.at(0)); }
  const Shape& shape() const { return shapes.at(node.name); }
  /// A tensor of one number, or one a channel of the node's output, so that it broadcasts over N x C x H x W.
  std::string per_channel(const std::string& tensor) const;
};

/// Adds the ONNX nodes that compute the node. Throws InputError, whose fault is reported under the node.
using OpExport = void (*)(const ExportCall&);

/// nullptr for an op without an ONNX counterpart.
OpExport find_op_export(const std::string& op);
/// Sorted, for messages.
std::vector<std::string> exported_ops();

void export_input(const ExportCall& call);
void export_output(const ExportCall& call);
void export_affine(const ExportCall& call);
void export_add(const ExportCall& call);
void export_relu(const ExportCall& call);
void export_qcfs(const ExportCall& call);
void export_sign(const ExportCall& call);

void export_conv2d(const ExportCall& call);
void export_linear(const ExportCall& call);
void export_binary_conv2d(const ExportCall& call);
void export_binary_linear(const ExportCall& call);
void export_avg_pool2d(const ExportCall& call);
void export_max_pool2d(const ExportCall& call);
void export_concat(const ExportCall& call);
void export_pad(const ExportCall& call);
void export_slice(const ExportCall& call);
void export_flatten(const ExportCall& call);

}  // namespace rheobase::onnx_export
