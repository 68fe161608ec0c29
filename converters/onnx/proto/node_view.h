#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "converters/onnx/fold/constant.h"

namespace onnx {
class AttributeProto;
class NodeProto;
class TensorProto;
}  // namespace onnx

namespace rheobase::onnx_import {

/// An ONNX node as a converter reads it. Attribute readers throw NodeFault when the attribute has another
/// type. The protobuf message must outlive the view.
class NodeView {
 public:
  NodeView(const ::onnx::NodeProto& proto, int opset, int index);

  /// `domain:Op` outside of ONNX's own domain, `qonnx:Op` in all of QONNX's.
  const std::string& op() const { return op_; }
  int opset() const { return opset_; }
  /// The node's name; where it has none its first output's, or `Conv_3` (op and position in the file).
  const std::string& label() const { return label_; }
  /// Value names; empty where an optional input is left out.
  const std::vector<std::string>& inputs() const { return inputs_; }
  const std::vector<std::string>& outputs() const { return outputs_; }

  bool has(const char* attribute) const { return find(attribute) != nullptr; }
  std::int64_t integer(const char* attribute, std::int64_t fallback) const;
  double real(const char* attribute, double fallback) const;
  std::string word(const char* attribute, const std::string& fallback) const;
  std::optional<Integers> integers(const char* attribute) const;
  std::optional<Reals> reals(const char* attribute) const;
  const ::onnx::TensorProto* tensor(const char* attribute) const;

 private:
  const ::onnx::AttributeProto* find(const char* attribute) const;
  const ::onnx::AttributeProto* find(const char* attribute, int type, const char* type_name) const;

  const ::onnx::NodeProto* proto_;
  int opset_;
  std::string op_;
  std::string label_;
  std::vector<std::string> inputs_;
  std::vector<std::string> outputs_;
};

/// A list that older opsets keep in an attribute and newer ones in an input; nothing where both are absent.
std::optional<Integers> attribute_or_input(const NodeView& node, const char* attribute,
                                           const Constant* input);

}  // namespace rheobase::onnx_import
