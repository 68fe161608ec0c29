#pragma once

#include "converters/onnx/import/ops.h"

namespace rheobase::onnx_import {

/// Collapses `constant`, broadcast against the activation, to one number or one a channel of its node.
Reals channel_values(const Constant& constant, const Activation& activation);

/// An activation and a constant that meet in an elementwise op.
struct Operand {
  Activation start;
  Reals values;
};

/// The activation at input `i` and the constant `constant` made to fit its channels.
Operand operand(const Call& call, std::size_t i, const Constant& constant);

/// `start` with one more step in its chain.
Value extended(Activation start, ScalarOp op);

/// NodeFault on an infinite value or none.
void expect_finite(const Reals& values);

}  // namespace rheobase::onnx_import
