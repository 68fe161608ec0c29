#pragma once

#include <string>

#include "neurons/spiking_parameters.h"

namespace rheobase {

/// Integrate-and-fire: v += x; fires when v >= v_threshold; a spike has the height v_threshold. Tensors hold
/// one number or one per channel, in the unit of the input current (dimensionless in a converted network).
struct IfParameters {
  Tensor v_threshold = scalar_tensor(1.0F);  ///< more than 0
  Tensor v_init = scalar_tensor(0.0F);       ///< potential at t = 0
  Reset reset = Reset::subtract;
  double v_reset = 0.0;  ///< used by Reset::zero

  static IfParameters of(const Node& node);
  /// A node of op `IF` with these parameters.
  Node node(std::string name, std::string input) const;
};

OpSchema if_schema();

}  // namespace rheobase
