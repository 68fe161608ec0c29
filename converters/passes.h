#pragma once

#include <string>
#include <vector>

#include "converters/passes/layer_rounding.h"
#include "converters/passes/spiking.h"
#include "sim/graph/graph.h"
#include "sim/graph/op_schema.h"

namespace rheobase {

/// Folds every Affine node into the Conv2d or Linear before it when that node feeds nothing else, in double
/// precision; consecutive Affine nodes are joined first. BatchNormalization arrives as Affine, so this is the
/// folding of batch norm: exact up to one rounding of each weight.
/// Begins with fold_sign_scales().
void fold_affine(Graph& graph, const SchemaSet& schemas);

/// Removes every Affine that multiplies a Sign by one number, where nothing but Conv2d and Linear reads it,
/// at once or through Flatten, Pad and Slice: their weights take the factor, and read signs. Exact for -1 and
/// powers of two.
void fold_sign_scales(Graph& graph, const SchemaSet& schemas);

/// `signs` name the Sign nodes of a validated graph that are 0 at 0 in the file they come from, where they
/// are +1 here. Throws InputError naming those whose input is exactly 0 for a reason: pixels, what is never
/// negative or never positive, padding, channels that are always 0; and what is never of one sign though it
/// may be 0. Returns a note for each that may be 0 otherwise: sums of +-1, an even number of them, for
/// instance. Proved from weights and the Input's normalisation, see converters/passes/value_range.h. `source`
/// names the file.
Notes check_signs_of_zero(const Graph& graph, const SchemaSet& schemas, const std::vector<std::string>& signs,
                          const std::string& source);

/// float32 -> fixed arithmetic, for a spiking graph that validates (docs/reference/arithmetic.md says how
/// each integer is found). Adds Affine nodes where a spike train or a count joins a current. Throws
/// InputError naming every node that fixed arithmetic cannot represent; the graph is then as it was. Returns
/// what rounding does to every Conv2d and Linear, in the order of the nodes: whether that is too much is for
/// the caller to say.
std::vector<LayerRounding> quantize(Graph& graph, const SchemaSet& schemas, const std::string& source);

}  // namespace rheobase
