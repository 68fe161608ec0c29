#pragma once

#include <optional>
#include <string>

#include "neurons/spiking_parameters.h"

namespace rheobase {

/// Leaky integrator, op `LI`: v <- v_leak + (v - v_leak) * decay + x, and emits v. It never fires: the
/// readout of many spiking networks, the synaptic current before a neuron of currents (CubaLIF is LI, then
/// LIF), and at decay 1 an integrator. Tensors hold one number or one per channel, potentials in the unit of
/// the input.
struct LiParameters {
  Tensor decay = scalar_tensor(1.0F);   ///< what a step leaves of v - v_leak, 0 to 1
  Tensor v_leak = scalar_tensor(0.0F);  ///< where the potential goes without an input
  std::optional<Tensor> v_init{};       ///< potential at t = 0; v_leak where absent

  static LiParameters of(const Node& node);
  /// A node of op `LI` with these parameters.
  Node node(std::string name, std::string input) const;

  const Tensor& start() const { return v_init ? *v_init : v_leak; }
};

OpSchema li_schema();

}  // namespace rheobase
