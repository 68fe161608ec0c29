#pragma once

#include "converters/passes/fixed_signals.h"

namespace rheobase::fixed {

/// Makes an Affine that alone reads the Input part of the normalisation, where its scales are positive: an
/// integer scale of whole pixels would be coarse.
void absorb_into_input(Graph& graph);

/// Puts an Affine (scale 1, shift 0, named `<join>.<input>`) wherever a signal that has a unit of its own
/// enters a current: an Add, an IF, a Concat with a current.
void insert_conversions(Graph& graph, const Kinds& kinds);

}  // namespace rheobase::fixed
