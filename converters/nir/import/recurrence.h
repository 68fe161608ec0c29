#pragma once

#include <set>

#include "converters/nir/file/nir_graph.h"

namespace rheobase::nir {

/// The edges out of neurons that close cycles: what they carry arrives a step later. Every cycle has one, the
/// last neuron's on the way from the Input around it. Appends a fault for a cycle without a spiking neuron.
std::set<Edge> delayed_edges(const NirGraph& graph, std::vector<Fault>& faults);

}  // namespace rheobase::nir
