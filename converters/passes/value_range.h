#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "converters/passes/value_grid.h"
#include "sim/graph/validate.h"

namespace rheobase {

/// A closed interval, in the unit of the values; infinite where nothing is known.
struct Interval {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();

  bool is_never_negative() const { return low >= 0; }
  bool is_never_positive() const { return high <= 0; }
  bool is_one_sided() const { return is_never_negative() || is_never_positive(); }
};

/// Why values are exactly 0 more often than by chance.
enum class ZeroCause : std::uint8_t {
  none,
  pixels,     ///< black ones
  features,   ///< of an input that is no image: where they are 0
  rectified,  ///< by a ReLU or a QCFS
  padding,    ///< a Pad node
  constant,   ///< never anything else
  sum,        ///< of values that are all 0 together: dark windows, rectified values
};

/// What is known of every value of a channel, for every input.
struct ValueRange {
  Interval interval;
  ZeroCause cause = ZeroCause::none;
  std::string source;  ///< the node that `cause` speaks of, or that computed them
  Grid grid;           ///< holds all values, where it is known
};

/// Of the channels (axis 0) of a node's output, in groups of channels that share everything.
struct ChannelRanges {
  /// Ops that mix channels of different groups list them one by one up to this many, and know nothing of
  /// more.
  static constexpr std::int64_t most_listed = std::int64_t{1} << 22;

  std::vector<ValueRange> groups;
  std::int64_t repeat = 1;  ///< channels in a group

  std::int64_t size() const { return static_cast<std::int64_t>(groups.size()) * repeat; }
  const ValueRange& at(std::int64_t channel) const {
    return groups.at(static_cast<std::size_t>(channel / repeat));
  }
};

/// Images are pixels from 0 to 1 before normalisation; of other inputs nothing
/// is assumed. Bounds are those of exact arithmetic, rounded outwards. Nodes of unknown ops are unbounded.
using ValueRanges = std::map<std::string, ChannelRanges>;
ValueRanges find_value_ranges(const Graph& graph, const SchemaSet& schemas, const ShapeMap& shapes);

Interval sum(const Interval& a, const Interval& b);
Interval scaled(const Interval& interval, double factor);
Interval with_zero(const Interval& interval);

/// Of a synapse that reads `input`.
ChannelRanges synapse_ranges(const Node& node, const ChannelRanges& input);
/// Of an Add.
ChannelRanges join_ranges(const Graph& graph, const Node& node, const ValueRanges& ranges);

}  // namespace rheobase
