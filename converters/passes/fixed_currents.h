#pragma once

#include "converters/passes/fixed_signals.h"
#include "converters/passes/unit_ties.h"

namespace rheobase::fixed {

using Readers = std::map<std::string, std::vector<const Node*>>;
Readers readers_of(const Graph& graph);

/// Nodes whose outputs share their units, and so do their integers; producers first.
using Current = std::vector<const Node*>;

/// All edges of kind `current`. A cell is one channel of a node's output; `ties` gives its unit in the
/// root's.
struct Currents {
  std::vector<Current> list;  ///< each after those it reads
  std::map<std::string, std::size_t> first_cell;
  UnitTies ties;

  std::size_t cell(const std::string& node, std::size_t channel) const {
    return first_cell.at(node) + channel;
  }
};

/// Appends a fault for every join that ties a channel in two ways, and for currents that read themselves.
Currents find_currents(const Network& network, const Kinds& kinds, Faults& faults);

/// Multiplies what it reads: by weights, or by a scale a channel.
inline bool reads_int16(const OpSchema& schema) {
  return schema.is_synapse() || schema.role == Role::scaling;
}

}  // namespace rheobase::fixed
