#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "converters/onnx/fold/constant.h"

namespace rheobase::onnx_import {

/// One step of elementwise arithmetic. Parameters hold one number or one per channel.
struct ScalarOp {
  enum class Kind {
    affine,  ///< x * first + second
    clip,    ///< min(max(x, first), second); may be infinite
    floor,   ///< no parameters
    sign,    ///< 1 where x >= 0, else -1; no parameters
    signum,  ///< ONNX's Sign: as sign, but 0 at 0; no parameters
    choose   ///< second where x is 1, first where x is 0; behind a sign only
  };
  Kind kind = Kind::affine;
  Reals first, second;
  std::string label;  ///< the ONNX node it comes from

  static ScalarOp affine(Reals scale, Reals shift, std::string label);
  static ScalarOp clip(double low, double high, std::string label);
  static ScalarOp floor(std::string label);
  static ScalarOp sign(std::string label);
  static ScalarOp signum(std::string label);
  static ScalarOp choose(Reals if_false, Reals if_true, std::string label);
};
using Chain = std::vector<ScalarOp>;

/// What a run of a chain amounts to.
struct AffineForm {
  Reals scale, shift;

  bool is_identity() const;
};
struct ReluForm {
  double max = 0;  ///< may be infinite
};
struct QcfsForm {
  Reals lambda;
  std::int64_t levels = 0;
};
/// A ReLU or a QCFS between two scales and shifts: clip(z, a, b) = clip(z - a, 0, b - a) + a, and stairs
/// likewise.
struct ShiftedForm {
  AffineForm before;
  std::variant<ReluForm, QcfsForm> activation;
  AffineForm behind;
};
/// The two values that a step behind a sign can take, one number or one per channel in each list.
struct TwoValues {
  Reals below, above;              ///< where the sign is -1, and where it is 1
  std::optional<Reals> at_zero{};  ///< what a signum makes of 0, where it is neither of them
};
struct SignForm {
  Reals scale, shift;  ///< the sign is that of scale * x + shift
  TwoValues values;

  bool has_affine_before() const;
  bool has_affine_behind() const;
};
using Form = std::variant<AffineForm, ReluForm, QcfsForm, ShiftedForm, SignForm>;
struct NamedForm {
  Form form;
  std::string label;  ///< of the node to be made
};

/// The values of a chain that takes a sign; nothing for any other.
std::optional<TwoValues> two_values(const Chain& chain);

/// A lower bound of what the chain gives; minus infinity where there is none.
double least_value(const Chain& chain);

/// Splits a chain into the fewest nodes that compute it. QCFS is recognised by algebra, not by the order of
/// its steps: floor is monotone, so floor(clip(u, l, h)) = clip(floor(u), floor(l), floor(h)), and whatever
/// stands before and after one floor is a clipped affine map; the run is QCFS when together they equal lambda
/// * clip(floor(z * L / lambda + 1/2), 0, L) / L within a relative 1e-5, and a stair of L equal steps is QCFS
/// between two Affine, as a clip is ReLU between two. What follows a sign takes two values, whatever it
/// computes. Throws NodeFault saying what the chain amounts to when there is no such
/// split.
std::vector<NamedForm> recognise(const Chain& chain);

}  // namespace rheobase::onnx_import
