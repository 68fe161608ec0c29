#pragma once

// The edges of a graph that is about to become fixed (docs/reference/arithmetic.md): their kinds, and the
// units and bounds of those that follow from their source.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sim/graph/channel_origins.h"
#include "sim/graph/op_schema.h"
#include "sim/graph/validate.h"

namespace rheobase::fixed {

/// What a synapse can read, in integers: int16.
inline constexpr std::int64_t max_read = 32767;

/// All but `current` have the unit of their source.
enum class Kind {
  spikes,
  counts,  ///< sums of spikes
  pixels,  ///< the Input, and sums of it
  current  ///< an outcome of a synapse, a scaling or a join: its unit is chosen
};

/// Of the integers of one channel.
struct Bounds {
  std::int64_t low = 0;
  std::int64_t high = 0;

  std::int64_t magnitude() const { return high > -low ? high : -low; }
};

/// Real value = integer times unit. One entry a channel (axis 0).
struct Signal {
  Kind kind = Kind::current;
  std::vector<double> units;
  std::vector<Bounds> bounds;

  /// Values beyond counts: a synapse that reads them has a shift.
  bool wide() const { return kind == Kind::pixels || kind == Kind::current; }
};
using Signals = std::map<std::string, Signal>;
using Kinds = std::map<std::string, Kind>;

/// The kind of each node's output; a fault for each op without fixed arithmetic and each Concat of kinds that
/// are stored differently. Nodes behind a fault have no kind.
Kinds find_kinds(const Graph& graph, const SchemaSet& schemas, Faults& faults);

/// What the steps of quantisation know of a graph that validates and whose nodes have kinds.
struct Network {
  const Graph& graph;
  const SchemaSet& schemas;
  const ShapeMap& shapes;

  const OpSchema& schema(const Node& node) const { return schemas.of(node); }
  std::int64_t channels(const Node& node) const { return shapes.at(node.name)[0]; }
};

/// What an AvgPool2d divides by, nothing where that depends on the place. 1 for every other op.
std::optional<std::int64_t> divisor(const Node& node, const ShapeMap& shapes);

/// The output of a node that carries. Channels of zeros have the unit 0. `divisor` must be something.
Signal carried(const Node& node, const Network& network, const Signals& signals);

/// The largest fraction_bits for which pixels in [0, 1] stay within int16 once normalised; -1 where none
/// does.
int fraction_bits(const Node& input, std::int64_t channels);

}  // namespace rheobase::fixed
