#pragma once

#include "converters/nir/file/nir_graph.h"
#include "sim/graph/op_schema.h"

namespace rheobase::nir {

/// What readers other than ours do not know of a network that was written, one note a kind.
Notes losses(const Graph& graph, const SchemaSet& schemas, const NirGraph& written);

}  // namespace rheobase::nir
