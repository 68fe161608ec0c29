#pragma once

#include <optional>
#include <string>

#include "neurons/spiking_parameters.h"

namespace rheobase {

/// Leaky integrate-and-fire: v <- v_leak + (v - v_leak) * decay + x; fires when v >= v_threshold. Tensors
/// hold one number or one per channel, potentials in the unit of the input current. Of tau v' = (v_leak - v)
/// + R I in steps of dt: decay = exp(-dt / tau), or 1 - dt / tau by Euler's rule, and x = R I (1 - decay).
struct LifParameters {
  Tensor decay = scalar_tensor(1.0F);        ///< what a step leaves of v - v_leak, 0 to 1 (then it is IF)
  Tensor v_threshold = scalar_tensor(1.0F);  ///< more than 0
  Tensor v_leak = scalar_tensor(0.0F);       ///< where the potential goes without a current
  Tensor v_reset = scalar_tensor(0.0F);      ///< used by Reset::zero
  std::optional<Tensor> v_init{};            ///< potential at t = 0; v_leak where absent
  std::optional<Tensor> height{};            ///< what a spike is worth, more than 0; v_threshold where absent
  Reset reset = Reset::subtract;

  static LifParameters of(const Node& node);
  /// A node of op `LIF` with these parameters.
  Node node(std::string name, std::string input) const;

  const Tensor& start() const { return v_init ? *v_init : v_leak; }
};

OpSchema lif_schema();

}  // namespace rheobase
