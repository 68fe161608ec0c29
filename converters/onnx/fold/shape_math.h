#pragma once

#include <string>

#include "converters/onnx/fold/constant.h"

namespace rheobase::onnx_import {

/// ONNX's rules for shapes, shared by folded constants and activations. `dims` are ONNX extents, the batch
/// included. All throw NodeFault on arguments that do not fit.

/// Axes made non-negative and checked against `rank`; duplicates are refused.
Integers resolve_axes(const Integers& axes, std::size_t rank);

/// Reshape: -1 is inferred, 0 copies unless `allow_zero`.
Shape reshaped(const Shape& dims, const Integers& target, bool allow_zero);
/// Flatten to two axes.
Shape flattened(const Shape& dims, std::int64_t axis);
/// Squeeze; without axes every extent of 1 goes.
Shape squeezed(const Shape& dims, const Integers* axes);
Shape unsqueezed(const Shape& dims, const Integers& axes);
/// Reduce: extents become 1, or go.
Shape reduced(const Shape& dims, const Integers& resolved_axes, bool keep_dims);
Shape permuted(const Shape& dims, const Integers& permutation);
/// NumPy broadcasting.
Shape broadcast(const Shape& a, const Shape& b);

/// One axis of a Slice: the `count` indices begin, begin + step, ...; step may be negative.
struct SliceRange {
  std::int64_t begin = 0;
  std::int64_t step = 1;
  std::int64_t count = 0;
};
/// Every axis of `dims`; axes that are not named are whole.
std::vector<SliceRange> slice_ranges(const Shape& dims, const Integers& starts, const Integers& ends,
                                     const Integers* axes, const Integers* steps);

/// Product of the extents of [begin, end).
std::int64_t extent_product(const Shape& dims, std::size_t begin, std::size_t end);

}  // namespace rheobase::onnx_import
