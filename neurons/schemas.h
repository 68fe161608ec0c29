#pragma once

#include "sim/graph/op_schema.h"

namespace rheobase {

/// The schemas of every neuron, for readers and converters that run nothing.
void add_neuron_schemas(SchemaSet& schemas);

}  // namespace rheobase
