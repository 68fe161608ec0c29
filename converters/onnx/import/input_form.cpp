#include "converters/onnx/import/input_form.h"

#include <onnx/onnx_pb.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

#include "converters/onnx/proto/node_view.h"
#include "converters/onnx/proto/tensor_proto.h"

namespace rheobase::onnx_import {
namespace {

template <std::size_t N>
bool is_one_of(const std::string& op, const std::array<std::string_view, N>& ops) {
  return std::find(ops.begin(), ops.end(), op) != ops.end();
}

/// (0, r - 1, 1, 2, ...)
bool moves_last_to_front(const NodeView& node) {
  const auto order = node.integers("perm");
  if (!order || order->size() < 3 || (*order)[0] != 0) return false;
  const auto last = static_cast<std::int64_t>(order->size()) - 1;
  for (std::int64_t i = 1; i <= last; ++i) {
    if ((*order)[static_cast<std::size_t>(i)] != (i == 1 ? last : i - 1)) return false;
  }
  return true;
}

class InputReaders {
 public:
  InputReaders(const ::onnx::GraphProto& graph, const EvaluationOrder& order, const Shape& dims)
      : graph_(graph), dims_(dims) {
    for (const int index : order.nodes) {
      for (const std::string& input : graph.node(index).input()) readers_[input].push_back(index);
    }
  }

  /// What all readers of `value` take it for; nothing where they differ or none says.
  std::optional<InputForm> form_of(const std::string& value) const {
    std::optional<InputForm> common;
    std::set<std::string> seen{value};
    std::vector<std::string> open{value};
    while (!open.empty()) {
      const auto readers = readers_.find(open.back());
      open.pop_back();
      if (readers == readers_.end()) continue;
      for (const int index : readers->second) {
        const NodeView node(graph_.node(index), 0, index);
        if (node.op() == "Shape" || node.outputs().empty()) continue;
        if (is_one_of(node.op(), elementwise)) {
          if (seen.insert(node.outputs()[0]).second) open.push_back(node.outputs()[0]);
          continue;
        }
        const auto form = taken_by(node);
        if (!form || (common && common != form)) return std::nullopt;
        common = form;
      }
    }
    return common;
  }

 private:
  static constexpr std::array<std::string_view, 8> elementwise{
      "Identity", "Cast", "Add", "Sub", "Mul", "Div", "QuantizeLinear", "DequantizeLinear"};
  static constexpr std::array<std::string_view, 3> reshapes{"Reshape", "Flatten", "Squeeze"};

  std::optional<InputForm> taken_by(const NodeView& node) const {
    const bool has_one_channel_last = dims_.size() == 4 && dims_[1] > 1 && dims_[2] > 1 && dims_[3] == 1;
    if (node.op() == "Transpose" && moves_last_to_front(node)) return InputForm::channels_last;
    if (node.op() == "Unsqueeze" && dims_.size() == 3) return taken_with_another_axis(node);
    if (!is_one_of(node.op(), reshapes)) return std::nullopt;
    if (has_one_channel_last) return InputForm::channels_last;
    if (dims_.size() == 3) return InputForm::gray;
    return std::nullopt;
  }

  /// N x 1 x H x W and N x H x W x 1 are gray, unless the axis that was last goes to the front: N x 1 x L x C
  /// of a 1-D convolution.
  std::optional<InputForm> taken_with_another_axis(const NodeView& node) const {
    const std::int64_t axis = added_axis(node);
    const bool at_end = axis == 3 || axis == -1;
    if (!at_end && axis != 1 && axis != -3) return std::nullopt;
    const auto next = readers_.find(node.outputs()[0]);
    if (!at_end && next != readers_.end()) {
      const NodeView reader(graph_.node(next->second[0]), 0, 0);
      if (reader.op() == "Transpose" && moves_last_to_front(reader)) return InputForm::channels_last;
    }
    return InputForm::gray;
  }

  /// The axis that Unsqueeze adds; 0 where it is not one or not known yet.
  std::int64_t added_axis(const NodeView& node) const {
    if (const auto axes = node.integers("axes")) return axes->size() == 1 ? (*axes)[0] : 0;
    if (node.inputs().size() < 2) return 0;
    for (const auto& tensor : graph_.initializer()) {
      if (tensor.name() == node.inputs()[1]) return number_of(tensor);
    }
    for (const auto& constant : graph_.node()) {
      if (constant.output_size() == 1 && constant.output(0) == node.inputs()[1] &&
          constant.attribute_size() == 1)
        return number_of(constant.attribute(0).t());
    }
    return 0;
  }

  static std::int64_t number_of(const ::onnx::TensorProto& tensor) {
    if (tensor.data_location() == ::onnx::TensorProto::EXTERNAL) return 0;
    try {
      const Constant constant = read_tensor(tensor, "");
      const auto* values = std::get_if<Integers>(&constant.data);
      return values != nullptr && values->size() == 1 ? (*values)[0] : 0;
    } catch (const NodeFault&) {
      return 0;  // reported where the node is visited
    }
  }

  const ::onnx::GraphProto& graph_;
  const Shape& dims_;
  std::map<std::string, std::vector<int>> readers_;
};

}  // namespace

InputForm input_form(const ::onnx::GraphProto& graph, const EvaluationOrder& order, const std::string& input,
                     const Shape& dims) {
  if (dims.size() < 3) return InputForm::channels_first;
  return InputReaders(graph, order, dims).form_of(input).value_or(InputForm::channels_first);
}

}  // namespace rheobase::onnx_import
