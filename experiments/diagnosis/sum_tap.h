#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "sim/engine/engine.h"

namespace rheobase {

/// What one node emitted since start(), for the sample in each slot, in the order of storage. Numbers are as
/// they are stored: times SignalSpec::scale they are values.
struct SignalSums {
  SignalSpec spec;
  std::int64_t size = 0;
  std::vector<float> sums;            ///< [slot][value]
  std::vector<std::uint16_t> events;  ///< [slot][value], numbers other than 0; empty unless of neurons
  std::vector<float> least;           ///< [slot][value], the least number; as events
  std::vector<float> largest;         ///< [slot], of all values

  /// Writes the values of one slot, the sums divided by `divisor`; what is constant was emitted once.
  void decode(int slot, int divisor, std::span<float> values) const;
};

/// Adds up what some nodes of an engine emit. Lookahead is 1, so that lanes are slots and steps come in
/// order.
class SumTap : public SignalTap {
 public:
  explicit SumTap(const Engine& engine);

  /// Those of a node of engine.nodes() from now on; where two ask for the same node, they share it.
  const SignalSums& watch(int node, bool neuron);
  /// New samples enter.
  void start();

  void begin(std::span<const int> lanes) override;
  void on_signal(int node, const SignalSpec& spec, const SignalView& view, int lane) override;
  void taken(int lane) override;

 private:
  const Engine& engine_;
  std::vector<std::unique_ptr<SignalSums>> watched_;  // by node
};

}  // namespace rheobase
