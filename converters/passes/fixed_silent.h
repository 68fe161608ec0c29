#pragma once

#include "converters/passes/fixed_signals.h"

namespace rheobase::fixed {

/// Sets to 0 the weights of Conv2d and Linear that read a channel of which it is proved that it never fires:
/// exact, and such weights no longer decide on a unit. Proved by an interval of every channel of every
/// signal, from the pixels that fixed arithmetic takes on.
void drop_silent_inputs(Graph& graph, const SchemaSet& schemas, const ShapeMap& shapes);

}  // namespace rheobase::fixed
