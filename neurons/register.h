#pragma once

#include "sim/op/registry.h"

namespace rheobase {

/// The schemas of IF, QCFS and ReLU alone, for readers and converters that run nothing.
void add_neuron_schemas(SchemaSet& schemas);

/// Schemas and kernels of every neuron.
void register_neurons(Registry& registry);

}  // namespace rheobase
