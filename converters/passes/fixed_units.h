#pragma once

#include <cstddef>

#include "converters/passes/fixed_currents.h"

namespace rheobase::fixed {

/// Chooses the units and the shifts of one current after the other, and rounds its synapses and Affine nodes.
class UnitChooser {
 public:
  /// `real` is what is rounded, node by node, into `result`. `signals` holds all that have the unit of their
  /// source, and gets those of the currents.
  UnitChooser(const Network& real, const Currents& currents, Signals& signals, Graph& result)
      : network_(real),
        currents_(currents),
        readers_(readers_of(real.graph)),
        signals_(signals),
        result_(result) {}

  void choose(const Current& current);

 private:
  using PerCell = std::map<std::size_t, double>;  // by the root of a tie

  void measure(const Current& current);
  void choose_units(const Current& current);
  void need_synapse(const Node& node);
  void need_affine(const Node& node);
  void need_neurons(const Node& node);
  void need(const Node& node, std::int64_t channel, double unit);
  void fit_thresholds(const Current& current);
  void round(const Current& current);
  void round_synapse(const Node& node, Signal& output);
  void bound_counts();
  std::vector<Bounds> potential_bounds(const Node& node, const std::vector<double>& units) const;
  bool ease(const Current& current);
  Bounds bounds_of_all(const Node& node) const;
  bool is_read_as_int16(const Node& node) const;
  void enlarge_unit(const Node& node, std::size_t channel, double factor);
  std::size_t root(const Node& node, std::size_t channel) const;

  const Network network_;
  const Currents& currents_;
  const Readers readers_;
  Signals& signals_;
  Graph& result_;
  std::map<std::string, std::vector<double>> peaks_;  // largest |weight * unit| of each output
  std::map<std::string, std::vector<Bounds>> sums_;   // of synapses, before the shift
  std::map<std::string, int> shifts_;
  std::map<std::string, Bounds> proved_;  // of all channels together, as the engine proves them
  PerCell floors_;                        // units that bounds ask for
  PerCell units_;
};

}  // namespace rheobase::fixed
