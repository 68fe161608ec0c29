#pragma once

#include <optional>

#include "converters/onnx/activation/elementwise.h"

namespace rheobase::onnx_import {

/// clip(scale * x + shift, low, high), one number or one per channel in each list.
struct ClippedAffine {
  Reals scale{1}, shift{0};
  Reals low, high;

  ClippedAffine();
  void affine(const Reals& factor, const Reals& offset);
  void clip(const Reals& lower, const Reals& upper);
  bool is_unclipped() const;
};

/// A run of a chain: `after(floor(before(x)))`, or `before(x)` alone while `floors` is 0, or, once `values`
/// are there, one of the two by the sign of `before(x)`. With more than one floor it stands for nothing we
/// know.
struct Composition {
  ClippedAffine before;
  ClippedAffine after;
  int floors = 0;
  std::optional<TwoValues> values;

  void append(const ScalarOp& op);
};

/// The single form that computes `run`, or nothing.
std::optional<Form> single_form(const Composition& run);
/// Why `run` is not one node, in words.
std::string explain(const Composition& run);

}  // namespace rheobase::onnx_import
