#pragma once

#include "sim/graph/op_schema.h"

namespace rheobase {

/// Binarises a validated graph: every Conv2d and Linear that reads bits (of Sign or spiking neurons) and
/// whose weights are +-m, one m > 0 an output channel, becomes BinaryConv2d or BinaryLinear with weights +-1
/// and m as its scale. Returns how many there are. Grouped convolutions stay as they are.
///
/// In float32 the nodes behind it are folded into it as far as nothing else reads between them:
/// * Affine and ReLU up to a Sign become thresholds of its integer sum, found by evaluating the chain in the
///   arithmetic of the engine, so that every sign stays the same bit (docs/reference/binary.md);
/// * ReLU, then Affine, then the addition of another real become part of the binary node;
/// * a max pool before a Sign changes places with it: sign(max x) = max sign(x), and bits are pooled faster.
/// Where m = 1 the packed graph computes what the graph computed, bit for bit. `schemas` know all of its ops
/// and the binary ones.
int pack_binary(Graph& graph, const SchemaSet& schemas);

}  // namespace rheobase
