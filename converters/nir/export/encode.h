#pragma once

#include <cstdint>
#include <limits>
#include <string>

#include "converters/nir/file/nir_graph.h"
#include "sim/graph/validate.h"

namespace rheobase::nir {

/// How a network is written; the file says both.
struct EncodeSettings {
  double dt = 1e-4;  ///< length of a step in the unit of tau
  std::string tool_version;
  /// Of a hostile file, what it has numbers for: no more neurons are written out.
  std::int64_t most_numbers = std::numeric_limits<std::int64_t>::max();
};

/// Throws InputError with every node whose op has no NIR counterpart, and for fixed arithmetic; `source`
/// names the network.
void check_encodable(const Graph& graph, const SchemaSet& schemas, const std::string& source);

/// A validated, encodable network as NIR's nodes and edges, sources first, with records of ours (records.h):
///   Add        edges that meet in each of its readers; a Scale by 1 where another Add reads it
///   AvgPool2d and an Affine that multiplies by the size of its windows: SumPool2d
///   Delay      the edge that closes a cycle, else Delay
/// What spikes are worth, 1 in NIR, is a factor of the weights that read them, and the weights without it go
/// to `weights`; where something else reads them, it is a Scale before that, `NAME.height`, which has no
/// record. Names are ours with `_` for what is not one of A-Z a-z 0-9 _ . -, and a number where two are
/// equal. Throws InputError with every node that NIR cannot say.
NirGraph encode(const Graph& graph, const SchemaSet& schemas, const ShapeMap& shapes,
                const EncodeSettings& settings, const std::string& source);

}  // namespace rheobase::nir
