#include "converters/onnx/export/export_steps.h"

#include <onnx/onnx_pb.h>

#include "sim/core/error.h"

namespace rheobase::onnx_export {

::onnx::NodeProto& Steps::then(const std::string& op, const Names& others) {
  const std::string name = call_.writer.unused(call_.node.name + "/" + op);
  Names inputs{value_};
  inputs.insert(inputs.end(), others.begin(), others.end());
  ::onnx::NodeProto& added = call_.writer.node(op, inputs, name, name);
  value_ = name;
  last_ = &added;
  return added;
}

void Steps::finish() {
  if (last_ == nullptr) throw InternalError("an export without steps");
  last_->set_name(call_.node.name);
  last_->set_output(0, call_.node.name);
}

std::string Steps::real(const char* suffix, float value) const {
  return call_.writer.real(call_.node.name + "." + suffix, value);
}

}  // namespace rheobase::onnx_export
