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

/// One entry a channel (axis 0). Images are pixels from 0 to 1 before normalisation; of other inputs nothing
/// is assumed. Bounds are those of exact arithmetic, rounded outwards. Nodes of unknown ops are unbounded.
using ValueRanges = std::map<std::string, std::vector<ValueRange>>;
ValueRanges find_value_ranges(const Graph& graph, const ShapeMap& shapes);

Interval sum(const Interval& a, const Interval& b);
Interval scaled(const Interval& interval, double factor);
Interval with_zero(const Interval& interval);

/// Of a Conv2d or Linear that reads `input`.
std::vector<ValueRange> synapse_ranges(const Node& node, const std::vector<ValueRange>& input);
/// Of an Add.
std::vector<ValueRange> join_ranges(const Graph& graph, const Node& node, const ValueRanges& ranges);

}  // namespace rheobase
