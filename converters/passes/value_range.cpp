#include "converters/passes/value_range.h"

#include <algorithm>
#include <cmath>

#include "converters/passes/directed.h"
#include "neurons/qcfs.h"
#include "neurons/relu.h"
#include "neurons/sign.h"
#include "sim/graph/channel_origins.h"
#include "sim/graph/structural_ops.h"

namespace rheobase {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

bool is_one_number(const Tensor* tensor) { return tensor == nullptr || tensor->size() == 1; }

/// (x - mean) / std for x from 0 to 1, rounded outwards.
Interval pixel_interval(double mean, double std) {
  const auto outwards = [&](double x, double direction) {
    const double quotient = (x - mean) / std;
    return quotient == 0 || std == 1 ? quotient : std::nextafter(quotient, direction);
  };
  return {outwards(0, -infinity), outwards(1, infinity)};
}

ChannelRanges input_ranges(const Node& node, const Shape& shape) {
  const bool is_image = shape.size() == 3;
  const auto number = [&](const char* key, std::size_t group, double fallback) {
    const Tensor* tensor = node.tensor(key);
    return tensor == nullptr ? fallback : tensor->of_channel(static_cast<std::int64_t>(group));
  };
  const bool is_uniform = is_one_number(node.tensor("mean")) && is_one_number(node.tensor("std"));
  ChannelRanges result{std::vector<ValueRange>(is_uniform ? 1 : static_cast<std::size_t>(shape.at(0))),
                       is_uniform ? shape[0] : 1};
  for (std::size_t group = 0; group < result.groups.size(); ++group) {
    ValueRange& range = result.groups[group];
    const double mean = number("mean", group, 0);
    if (is_image) range.interval = pixel_interval(mean, number("std", group, 1));
    if (mean != 0) continue;
    range.cause = is_image ? ZeroCause::pixels : ZeroCause::features;
    range.source = node.name;
  }
  return result;
}

/// Of scale * x + shift.
ValueRange affine_range(const ValueRange& input, double scale, double shift) {
  ValueRange result = input;
  result.interval = sum(scaled(input.interval, scale), {shift, shift});
  result.grid = scale != 0 ? input.grid.scaled(scale).shifted(shift) : Grid{};
  if (scale == 0 || shift != 0) result.cause = ZeroCause::none;
  return result;
}

ValueRange relu_range(const std::string& name, double max, const ValueRange& input) {
  const Interval& x = input.interval;
  ValueRange result{
      {std::clamp(x.low, 0.0, max), std::clamp(x.high, 0.0, max)}, input.cause, input.source, {}};
  if (x.is_never_negative()) return result;
  result.cause = ZeroCause::rectified;
  result.source = name;
  return result;
}

ValueRange qcfs_range(const std::string& name, double lambda, double level, const ValueRange& input) {
  ValueRange result{{0, lambda}, ZeroCause::rectified, name, {level, 0}};
  if (!(input.interval.low > level / 2)) return result;
  result.interval.low = level;
  result.cause = ZeroCause::none;
  return result;
}

ValueRange sign_range(const ValueRange& input, double threshold) {
  ValueRange result;
  result.interval = {input.interval.low > threshold ? 1.0 : -1.0,
                     input.interval.high < threshold ? -1.0 : 1.0};
  result.grid = {2, 1};
  return result;
}

/// Zeros of one sign stay zeros where all of a window is; others are averaged with what is not 0.
ValueRange average_range(const Node& node, const ValueRange& input) {
  const Window window = pool2d_attributes(node).window;
  const auto area = static_cast<double>(window.kernel[0] * window.kernel[1]);
  const bool padded = window.padding != Window{}.padding || window.ceil_mode;
  ValueRange result = input;
  // Padding that counts adds zeros, though never a window of nothing else.
  if (result.interval.low > 0) result.interval.low = multiply_down(result.interval.low, 1 / (2 * area));
  if (result.interval.high < 0) result.interval.high = multiply_up(result.interval.high, 1 / (2 * area));
  result.grid = padded ? Grid{} : Grid{input.grid.step / area, input.grid.offset, input.grid.zero_at_border};
  if (input.cause == ZeroCause::none) result.source = node.name;
  if (!input.interval.is_one_sided() && input.cause != ZeroCause::sum) result.cause = ZeroCause::none;
  return result;
}

bool pads_space(const Node& pad) {
  for (const char* side : {"before", "after"}) {
    const auto extents = pad.integers(side, {});
    if (std::any_of(extents.begin() + 1, extents.end(), [](std::int64_t e) { return e > 0; })) return true;
  }
  return false;
}

void pad_with_zeros(const std::string& pad, ValueRange& range) {
  range.interval = with_zero(range.interval);
  range.grid = range.grid.with_zero();
  if (range.cause != ZeroCause::none && range.cause < ZeroCause::padding) return;
  range.cause = ZeroCause::padding;
  range.source = pad;
}

/// Of Concat, Slice and Pad, channel by channel.
ChannelRanges rearranged_ranges(const Node& node, bool adds_zeros, const ShapeMap& shapes,
                                const ValueRanges& ranges) {
  const std::int64_t channels = shapes.at(node.name).at(0);
  if (channels > ChannelRanges::most_listed) return {{ValueRange{}}, channels};
  ChannelRanges result;
  const bool pads = adds_zeros && pads_space(node);
  for (const auto& origin : channel_origins(node, shapes)) {
    if (!origin) {
      result.groups.push_back({{0, 0}, ZeroCause::padding, node.name, {}});
      continue;
    }
    result.groups.push_back(ranges.at(node.inputs[origin->input]).at(origin->channel));
    if (pads) pad_with_zeros(node.name, result.groups.back());
  }
  return result;
}

/// Max pools keep what they are given: a window in the padding alone there is none.
ChannelRanges carried_ranges(const Node& node, const OpSchema& schema, const ShapeMap& shapes,
                             const ValueRanges& ranges) {
  const bool flattens = node.op == "Flatten";
  if (schema.role != Role::pool && !flattens)
    return rearranged_ranges(node, schema.adds_zeros, shapes, ranges);
  ChannelRanges result = ranges.at(node.inputs[0]);
  if (flattens) result.repeat *= shapes.at(node.name)[0] / result.size();
  if (node.op != "AvgPool2d") return result;
  for (ValueRange& range : result.groups) range = average_range(node, range);
  return result;
}

/// `range_of(input's range, channel)`, for every channel where the tensors hold one number a channel.
template <class RangeOf>
ChannelRanges each(const ChannelRanges& input, bool is_uniform, const RangeOf& range_of) {
  const std::int64_t step = is_uniform ? input.repeat : 1;
  ChannelRanges result{{}, step};
  for (std::int64_t channel = 0; channel < input.size(); channel += step)
    result.groups.push_back(range_of(input.at(channel), channel));
  return result;
}

ChannelRanges affine_ranges(const Node& node, const ChannelRanges& input) {
  const Tensor& scale = node.tensors.at("scale");
  const Tensor& shift = node.tensors.at("shift");
  return each(input, is_one_number(&scale) && is_one_number(&shift),
              [&](const ValueRange& range, std::int64_t channel) {
                return affine_range(range, scale.of_channel(channel), shift.of_channel(channel));
              });
}

/// Of neurons whose equations stand here; nothing is known of others.
ChannelRanges neuron_ranges(const Node& node, const ChannelRanges& input) {
  if (node.op == "ReLU") {
    const double max = ReluParameters::of(node).max;
    return each(input, true,
                [&](const ValueRange& range, std::int64_t) { return relu_range(node.name, max, range); });
  }
  if (node.op == "QCFS") {
    const QcfsParameters qcfs = QcfsParameters::of(node);
    return each(input, is_one_number(&qcfs.lambda), [&](const ValueRange& range, std::int64_t channel) {
      const double lambda = qcfs.lambda.of_channel(channel);
      return qcfs_range(node.name, lambda, lambda / static_cast<double>(qcfs.levels), range);
    });
  }
  if (node.op == "Sign") {
    const SignParameters sign = SignParameters::of(node);
    return each(input, is_one_number(&sign.threshold), [&](const ValueRange& range, std::int64_t channel) {
      return sign_range(range, sign.threshold.of_channel(channel));
    });
  }
  return {{ValueRange{}}, input.size()};
}

ChannelRanges ranges_of(const Graph& graph, const Node& node, const OpSchema& schema, const ShapeMap& shapes,
                        const ValueRanges& ranges) {
  switch (schema.role) {
    case Role::input:
      return input_ranges(node, shapes.at(node.name));
    case Role::scaling:
      return affine_ranges(node, ranges.at(node.inputs[0]));
    case Role::neuron:
      return neuron_ranges(node, ranges.at(node.inputs[0]));
    case Role::synapse:
      if (schema.binary) return {{ValueRange{}}, shapes.at(node.name).at(0)};
      return synapse_ranges(node, ranges.at(node.inputs[0]));
    case Role::carrier:
    case Role::pool:
      return carried_ranges(node, schema, shapes, ranges);
    case Role::join:
      return join_ranges(graph, node, ranges);
    case Role::readout:
      return ranges.at(node.inputs[0]);
  }
  throw InternalError("not a role");
}

}  // namespace

Interval sum(const Interval& a, const Interval& b) {
  return {add_down(a.low, b.low), add_up(a.high, b.high)};
}

Interval scaled(const Interval& interval, double factor) {
  const Interval& x = interval;
  return factor >= 0 ? Interval{multiply_down(x.low, factor), multiply_up(x.high, factor)}
                     : Interval{multiply_down(x.high, factor), multiply_up(x.low, factor)};
}

Interval with_zero(const Interval& interval) {
  return {std::min(interval.low, 0.0), std::max(interval.high, 0.0)};
}

ValueRanges find_value_ranges(const Graph& graph, const SchemaSet& schemas, const ShapeMap& shapes) {
  ValueRanges ranges;
  for (const int index : topological_order(graph)) {
    const Node& node = graph.nodes[static_cast<std::size_t>(index)];
    ChannelRanges found = ranges_of(graph, node, schemas.of(node), shapes, ranges);
    for (ValueRange& range : found.groups) {
      if (range.source.empty()) range.source = node.name;
      const bool is_open = range.cause == ZeroCause::none || range.cause == ZeroCause::sum;
      if (range.interval.low != 0 || range.interval.high != 0 || !is_open) continue;
      range.cause = ZeroCause::constant;
      range.source = node.name;
    }
    ranges.emplace(node.name, std::move(found));
  }
  return ranges;
}

}  // namespace rheobase
