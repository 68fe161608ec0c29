#pragma once

#include "converters/passes/fixed_signals.h"

namespace rheobase::fixed {

/// Makes an Affine that alone reads the Input part of the normalisation, where its scales are positive: an
/// integer scale of whole pixels would be coarse.
void absorb_into_input(Graph& graph, const SchemaSet& schemas);

/// Puts an Affine (scale 1, shift 0, named `<join>.<input>`) wherever a signal that has a unit of its own
/// enters a current: a join, a spiking neuron, a carrier of currents.
void insert_conversions(Graph& graph, const SchemaSet& schemas, const Kinds& kinds);

}  // namespace rheobase::fixed
