#pragma once

#include <string>

#include "converters/onnx/fold/constant.h"

namespace onnx {
class TensorProto;
}

namespace rheobase::onnx_import {

/// Decodes float, double, float16, bfloat16, bool and integer tensors from raw, typed or external storage
/// (`folder` holds the model). Throws NodeFault when the storage does not hold exactly the shape's values.
Constant read_tensor(const ::onnx::TensorProto& tensor, const std::string& folder);

}  // namespace rheobase::onnx_import
