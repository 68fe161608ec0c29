#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "converters/onnx/constant.h"

namespace rheobase::onnx_import {

/// One step of elementwise arithmetic. Parameters hold one number or one per channel.
struct ScalarOp {
  enum class Kind {
    affine,  ///< x * first + second
    clip,    ///< min(max(x, first), second); may be infinite
    floor    ///< no parameters
  };
  Kind kind = Kind::affine;
  Reals first, second;
  std::string label;  ///< the ONNX node it comes from

  static ScalarOp affine(Reals scale, Reals shift, std::string label);
  static ScalarOp clip(double low, double high, std::string label);
  static ScalarOp floor(std::string label);
};
using Chain = std::vector<ScalarOp>;

/// What a run of a chain amounts to.
struct AffineForm {
  Reals scale, shift;
};
struct ReluForm {
  double max = 0;  ///< may be infinite
};
struct QcfsForm {
  Reals lambda;
  std::int64_t levels = 0;
};
struct NamedForm {
  std::variant<AffineForm, ReluForm, QcfsForm> form;
  std::string label;  ///< of the node to be made
};

/// Splits a chain into the fewest nodes that compute it. QCFS is recognised by algebra, not by the order of
/// its steps: floor is monotone, so floor(clip(u, l, h)) = clip(floor(u), floor(l), floor(h)), and whatever
/// stands before and after one floor is a clipped affine map; the run is QCFS when together they equal lambda
/// * clip(floor(z * L / lambda + 1/2), 0, L) / L within a relative 1e-5. Throws NodeFault saying what the
/// chain amounts to when there is no such split.
std::vector<NamedForm> recognise(const Chain& chain);

}  // namespace rheobase::onnx_import
