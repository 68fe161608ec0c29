#pragma once

#include <string>

#include "converters/onnx/fold/constant.h"
#include "converters/onnx/proto/node_view.h"

namespace rheobase::onnx_import {

/// The integers that a quantiser gives.
struct LevelBounds {
  double low = 0;
  double high = 255;
};

/// Of ONNX's QuantizeLinear: by the element type of its zero point, `output_dtype` where there is none, uint8
/// where neither says. NodeFault beyond 8 and 16 bits.
LevelBounds integer_bounds(const NodeView& node, const Constant* zero_point);
/// NodeFault where scales are given for blocks of an axis.
void expect_whole_blocks(const NodeView& node);

/// (source - zero_point) * scale, with one number or one for each index of `axis`; nullptr: 0.
Constant dequantized(const Constant& source, const Constant& scale, const Constant* zero_point,
                     std::int64_t axis);

/// How QONNX's Quant rounds u = x / scale + zero point to integers.
struct QonnxLevels {
  enum class Rounding { half_even, half_up, half_down, ceil, floor, up, down };
  LevelBounds bounds;
  Rounding rounding = Rounding::half_even;
  bool is_bipolar = false;  ///< one bit, signed: 1 where u >= 0, else -1

  double of(double u) const;
};

/// By bit width, `signed`, `narrow` and `rounding_mode`; NodeFault where they make no integers of 1 to 32
/// bits.
QonnxLevels qonnx_levels(const NodeView& node, const Constant& bit_width);

}  // namespace rheobase::onnx_import
