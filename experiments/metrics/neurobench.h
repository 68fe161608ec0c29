#pragma once

#include <cstdint>

#include "sim/core/cost.h"
#include "sim/engine/engine.h"
#include "sim/graph/op_schema.h"

namespace rheobase {

/// NeuroBench's keys (version 2.3.0), per sample and averaged over samples; a sample that stops early counts
/// the steps it ran.
struct SynapticOperations {
  double effective_macs = 0.0;
  double effective_acs = 0.0;
  double dense = 0.0;
};

/// Bytes of the parameters and buffers of all nodes but Input, whose normalisation is preprocessing: 4 a
/// number, 1 for the weights of synapses in fixed arithmetic.
std::uint64_t footprint_bytes(const Graph& graph, const SchemaSet& schemas);
/// Share of zeros among the weights of Conv2d and Linear nodes, biases not counted; 0 without weights.
double connection_sparsity(const Graph& graph, const SchemaSet& schemas);

/// Energy of one operation on 32-bit floats in 45 nm (Horowitz, ISSCC 2014): arithmetic only.
inline constexpr double energy_per_mac_pj = 4.6;
inline constexpr double energy_per_ac_pj = 0.9;
inline double energy_pj(const SynapticOperations& operations) {
  return energy_per_mac_pj * operations.effective_macs + energy_per_ac_pj * operations.effective_acs;
}

/// Sums up a run by NeuroBench's rules (sim/engine/host/operation_meter.h counts them).
class NeuroBench {
 public:
  explicit NeuroBench(const CountedOperations& counted);

  void add(const SampleCost& sample);

  SynapticOperations synaptic_operations(std::int64_t samples) const;
  /// Share of zeros among the outputs of all neurons over all steps and samples; 0 without neurons.
  double activation_sparsity() const;

 private:
  std::uint64_t dense_ = 0, activations_ = 0;  // of one evaluation
  StepCost total_;
  std::uint64_t evaluations_ = 0;
};

}  // namespace rheobase
