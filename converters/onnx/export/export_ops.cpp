#include "converters/onnx/export/export_ops.h"

#include <array>
#include <utility>

namespace rheobase::onnx_export {
namespace {

constexpr std::array<std::pair<const char*, OpExport>, 17> op_exports{{
    {"Add", export_add},
    {"Affine", export_affine},
    {"AvgPool2d", export_avg_pool2d},
    {"BinaryConv2d", export_binary_conv2d},
    {"BinaryLinear", export_binary_linear},
    {"Concat", export_concat},
    {"Conv2d", export_conv2d},
    {"Flatten", export_flatten},
    {"Input", export_input},
    {"Linear", export_linear},
    {"MaxPool2d", export_max_pool2d},
    {"Output", export_output},
    {"Pad", export_pad},
    {"QCFS", export_qcfs},
    {"ReLU", export_relu},
    {"Sign", export_sign},
    {"Slice", export_slice},
}};

}  // namespace

std::string ExportCall::per_channel(const std::string& tensor) const {
  const Tensor& values = node.tensors.at(tensor);
  Shape dims;  // of no axes: one number
  if (values.size() > 1) {
    dims.assign(shape().size(), 1);
    dims[0] = static_cast<std::int64_t>(values.size());
  }
  return writer.reals(node.name + "." + tensor, dims, values.reals());
}

OpExport find_op_export(const std::string& op) {
  for (const auto& [name, function] : op_exports) {
    if (op == name) return function;
  }
  return nullptr;
}

std::vector<std::string> exported_ops() {
  std::vector<std::string> names;
  names.reserve(op_exports.size());
  for (const auto& entry : op_exports) names.emplace_back(entry.first);
  return names;
}

}  // namespace rheobase::onnx_export
