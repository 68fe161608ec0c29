#pragma once

#include <optional>
#include <string>

#include "neurons/spiking_parameters.h"

namespace rheobase {

/// Leaky integrate-and-fire with what other simulators do otherwise than `LIF`, op `GeneralLIF`: a spike may
/// take another amount than the threshold, take it a step later, and the potential may have a lower bound.
/// snnTorch's Leaky as it is by default is `reset_delay`; Nengo's LIF has v_min 0. Equation:
/// general_lif_step.h. Tensors hold one number or one per channel, potentials in the unit of the input
/// current.
struct GeneralLifParameters {
  Tensor decay = scalar_tensor(1.0F);        ///< what a step leaves of v - v_leak, 0 to 1
  Tensor v_threshold = scalar_tensor(1.0F);  ///< more than 0
  Tensor v_leak = scalar_tensor(0.0F);       ///< where the potential goes without a current
  Tensor v_reset = scalar_tensor(0.0F);      ///< used by Reset::zero
  std::optional<Tensor> v_drop{};            ///< what a spike takes of v, 0 or more; v_threshold where absent
  std::optional<Tensor> v_min{};             ///< the least potential, 0 or less; none: there is no bound
  std::optional<Tensor> v_init{};            ///< potential at t = 0; v_leak where absent
  std::optional<Tensor> height{};            ///< what a spike is worth, more than 0; v_threshold where absent
  Reset reset = Reset::subtract;
  bool reset_delay =
      false;  ///< of Reset::subtract: v_drop is taken in the step after the spike, after the decay

  static GeneralLifParameters of(const Node& node);
  /// A node of op `GeneralLIF` with these parameters.
  Node node(std::string name, std::string input) const;

  const Tensor& start() const { return v_init ? *v_init : v_leak; }
  const Tensor& drop() const { return v_drop ? *v_drop : v_threshold; }
};

OpSchema general_lif_schema();

}  // namespace rheobase
