#pragma once

#include <cstdint>
#include <vector>

#include "sim/engine/runner.h"

namespace rheobase {

/// What a run over labelled samples came to, from the results as they arrive in any order.
class RunSummary {
 public:
  /// `steps` is the budget T; `spiking` are the engine's nodes.
  RunSummary(int steps, std::vector<SpikingNode> spiking);

  void add(const SampleResult& result, int label);

  std::int64_t samples() const { return samples_; }
  /// Share of samples read rightly at their exit.
  double accuracy() const { return accuracy_at(steps()); }
  /// Share of samples read rightly at min(exit, t), for t = 1..T (the deadline curve).
  std::vector<double> accuracy_by_step() const;
  double mean_steps() const;
  /// Samples that ended after t = 1..T steps.
  const std::vector<std::int64_t>& exit_histogram() const { return exits_; }

  const std::vector<SpikingNode>& spiking() const { return spiking_; }
  /// Spikes per neuron and step of each spiking node, over the steps that were simulated.
  std::vector<double> firing_rates() const;
  /// Sum of the samples' hashes modulo 2^64.
  std::uint64_t spike_hash() const { return hash_; }

 private:
  int steps() const { return static_cast<int>(exits_.size()); }
  double accuracy_at(int t) const;

  std::vector<SpikingNode> spiking_;
  std::vector<std::int64_t> exits_;
  std::vector<std::int64_t> correct_;  // by deadline
  std::vector<std::uint64_t> spikes_;  // by spiking node
  std::int64_t samples_ = 0;
  std::int64_t image_steps_ = 0;
  std::uint64_t hash_ = 0;
};

}  // namespace rheobase
