#pragma once

// Spiking neurons of any kind, as their schemas describe them.

#include "converters/passes/fixed_signals.h"

namespace rheobase::fixed {

/// A spike is one bit that is worth the neuron's height.
Signal spikes_of(const Node& neuron, const OpSchema& schema, std::int64_t channels);

/// The largest magnitude of the potentials that the neuron's parameters hold for a channel.
double largest_potential(const Node& neuron, const OpSchema& schema, std::int64_t channel);

/// Whether one number, and not 0, stands for a potential of all channels: they share a unit.
bool shares_a_unit(const Node& neuron, const OpSchema& schema);

/// Whether a channel that no current raises never fires: its potential rests below the threshold.
bool rests_below_threshold(const Node& neuron, const OpSchema& schema, std::int64_t channel);

/// What the neuron's integer threshold is a multiple of.
std::int64_t granule(const Node& neuron, const OpSchema& schema);

/// Raises each threshold of a graded neuron that is below the least that rounded_neuron() makes, in these
/// units of the current that it reads, to that, and its cap, in events, with it; whether any was.
bool raise_threshold(Node& neuron, const OpSchema& schema, const std::vector<double>& units);

/// `units` of the current that the neuron reads. A threshold is 2 or more, and a multiple of the granule.
Node rounded_neuron(const Node& real, const OpSchema& schema, const std::vector<double>& units);

}  // namespace rheobase::fixed
