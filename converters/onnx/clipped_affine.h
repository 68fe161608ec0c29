#pragma once

#include <optional>

#include "converters/onnx/elementwise.h"

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

/// A run of a chain: `after(floor(before(x)))`, or `before(x)` alone while `floors` is 0. With more than one
/// floor it stands for nothing we know.
struct Composition {
  ClippedAffine before;
  ClippedAffine after;
  int floors = 0;

  void append(const ScalarOp& op);
};

/// The single node that computes `run`, or nothing.
std::optional<std::variant<AffineForm, ReluForm, QcfsForm>> single_node(const Composition& run);
/// Why `run` is not one node, in words.
std::string explain(const Composition& run);

}  // namespace rheobase::onnx_import
