#pragma once

#include <string>

#include "converters/onnx/export/export_ops.h"

namespace rheobase::onnx_export {

/// ONNX nodes in a row that compute one node of ours. They are called `node/Op`, the last one as the node is.
class Steps {
 public:
  /// From a value on.
  Steps(const ExportCall& call, std::string value) : call_(call), value_(std::move(value)) {}

  /// Takes the value so far and `others`. The reference is good until the next step.
  ::onnx::NodeProto& then(const std::string& op, const Names& others = {});
  /// The value so far.
  const std::string& value() const { return value_; }
  /// It is the node's. There is one step at least.
  void finish();
  /// A constant that belongs to the node.
  std::string real(const char* suffix, float value) const;

 private:
  const ExportCall& call_;
  std::string value_;
  ::onnx::NodeProto* last_ = nullptr;
};

}  // namespace rheobase::onnx_export
