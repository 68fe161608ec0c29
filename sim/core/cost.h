#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace rheobase {

/// What one step of one sample took, over all layers. An operation is a non-zero input times a non-zero
/// weight (NeuroBench's effective synaptic operations).
struct StepCost {
  std::uint64_t spikes = 0;  ///< non-zero outputs of neurons
  std::uint64_t acs = 0;     ///< effective accumulates
  std::uint64_t macs = 0;    ///< effective multiply-accumulates

  bool operator==(const StepCost&) const = default;
};

/// Effective operations of one layer of synapses over all steps of a sample.
struct SynapseCost {
  std::uint64_t acs = 0;
  std::uint64_t macs = 0;

  SynapseCost& operator+=(const SynapseCost& other) {
    acs += other.acs;
    macs += other.macs;
    return *this;
  }
  bool operator==(const SynapseCost&) const = default;
};

/// What a network's counts refer to.
struct CountedOperations {
  std::vector<std::string>
      synapses;  ///< Conv2d and Linear nodes and their binary forms, in the graph's order
  std::vector<std::uint64_t>
      dense;                      ///< operations of each in one evaluation if no input and no weight were 0
  std::uint64_t activations = 0;  ///< outputs of neurons in one evaluation
};

/// What a sample took over the steps it ran. Not owned.
struct SampleCost {
  int evaluations = 0;  ///< of the network: the steps, or 1 where no node has state
  std::span<const StepCost> steps;
  std::span<const SynapseCost> synapses;  ///< one each of CountedOperations::synapses
};

}  // namespace rheobase
