#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "neurons/spiking_parameters.h"

namespace rheobase {

/// Leaky integrate-and-fire with several spikes a step, op `BurstLIF`: v <- v * decay + x; emits as many
/// spikes as thresholds fit into v, and v loses them; then v is at least v_min. "Burst spikes" with at most
/// max_spikes = Gamma (Li and Zeng, IJCAI 2022); IAF and LIF of Sinabs, where nothing bounds them. Tensors
/// hold one number or one per channel, potentials in the unit of the input current.
struct BurstLifParameters {
  Tensor decay = scalar_tensor(1.0F);        ///< what a step leaves of v, 0 to 1 (then it is IF)
  Tensor v_threshold = scalar_tensor(1.0F);  ///< more than 0
  Tensor v_init = scalar_tensor(0.0F);       ///< potential at t = 0
  std::optional<Tensor> v_min{};             ///< the least potential, 0 or less; none: there is no bound
  std::optional<Tensor> height{};            ///< what a spike is worth, more than 0; v_threshold where absent
  std::int64_t max_spikes = 0;               ///< a step, 1 to most_burst_spikes; 0: there is no bound

  static BurstLifParameters of(const Node& node);
  /// A node of op `BurstLIF` with these parameters.
  Node node(std::string name, std::string input) const;
};

/// What 16-bit integers hold.
inline constexpr std::int64_t most_burst_spikes = 32767;
/// The max_spikes that conversion to fixed arithmetic gives a neuron without one.
inline constexpr std::int64_t most_fixed_spikes = 127;

OpSchema burst_lif_schema();

}  // namespace rheobase
