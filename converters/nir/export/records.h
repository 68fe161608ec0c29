#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "converters/nir/file/nir_graph.h"
#include "sim/graph/op_schema.h"

namespace rheobase::nir {

// Nodes of ours as attributes of NIR's: what NIR cannot say of them, and what it rounds. A NIR node holds the
// records of one node of ours or more: the first has plain names, others begin with `2.`, `3.`, ...
//   op, name     texts
//   position     of the node in its graph
//   inputs       positions of the nodes that it reads
//   bias         `none` where NIR's has a bias of zeros, and ours none
// and its settings and tensors by their names; weights and biases are NIR's, or weights in NirGraph::weights.

/// Layout of these attributes, `rheobase.format` of the file; newer ones are refused.
inline constexpr std::int64_t own_format = 1;

/// Of `graph.nodes[position]`; `inputs` are positions.
void put_record(Own& own, const Node& node, const OpSchema& schema, std::int64_t position,
                std::vector<std::int64_t> inputs);

/// The graph that the records of all nodes make, in its own order. Appends a fault for every record that is
/// none; the graph is not validated.
Graph graph_of_records(const NirGraph& file, const SchemaSet& schemas, Faults& faults);

}  // namespace rheobase::nir
