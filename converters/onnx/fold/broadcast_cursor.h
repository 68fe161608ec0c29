#pragma once

#include "converters/onnx/fold/constant.h"

namespace rheobase::onnx_import {

/// Walks the elements of `shape` while following an operand that broadcasts to it.
class BroadcastCursor {
 public:
  BroadcastCursor(const Shape& operand, const Shape& shape) : shape_(shape), index_(shape.size(), 0) {
    strides_.assign(shape.size(), 0);
    std::int64_t stride = 1;
    for (std::size_t i = 0; i < operand.size(); ++i) {  // from the last axis
      const std::int64_t extent = operand[operand.size() - 1 - i];
      if (extent != 1) strides_[shape.size() - 1 - i] = stride;
      stride *= extent;
    }
  }

  std::size_t offset() const { return static_cast<std::size_t>(offset_); }
  void next() {
    for (std::size_t axis = shape_.size(); axis-- > 0;) {
      offset_ += strides_[axis];
      if (++index_[axis] < shape_[axis]) return;
      offset_ -= strides_[axis] * shape_[axis];
      index_[axis] = 0;
    }
  }

 private:
  const Shape& shape_;
  Integers strides_;
  Integers index_;
  std::int64_t offset_ = 0;
};

}  // namespace rheobase::onnx_import
