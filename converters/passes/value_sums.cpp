// Ranges of weighted sums: Conv2d, Linear, Add.
#include <algorithm>

#include "converters/passes/directed.h"
#include "converters/passes/fixed_signals.h"
#include "converters/passes/value_range.h"
#include "sim/graph/structural_ops.h"

namespace rheobase {
namespace {

/// Where the weights of a synapse find their inputs.
struct Taps {
  std::size_t per_output = 0;  // weights
  std::size_t per_input = 1;   // weights in a row that read one input channel
  std::size_t inputs = 0;      // channels of a group
  std::size_t outputs = 0;     // of a group
  bool padded = false;         // some of them read zeros instead, at some places

  explicit Taps(const Node& node) {
    const Shape& weight = node.tensor("weight")->shape;
    for (std::size_t axis = 2; axis < weight.size(); ++axis)
      per_input *= static_cast<std::size_t>(weight[axis]);
    inputs = static_cast<std::size_t>(weight[1]);
    outputs = static_cast<std::size_t>(weight[0]);
    per_output = inputs * per_input;
    if (!is_convolution(node)) return;
    const Conv2dAttributes conv = conv2d_attributes(node);
    outputs /= static_cast<std::size_t>(conv.groups);
    padded = conv.window.padding != Window{}.padding;
  }
};

/// The terms of one output channel.
class Terms {
 public:
  Terms(double bias, bool padded)
      : interval_{bias, bias}, inside_(bias), anywhere_(bias), padded_(padded), is_dark_(bias == 0) {}

  void add(const ValueRange& input, double weight) {
    if (weight == 0) return;
    const Interval term = scaled(input.interval, weight);
    interval_ = sum(interval_, padded_ ? with_zero(term) : term);
    is_dark_ = is_dark_ && input.cause == ZeroCause::pixels;
    const Grid grid = input.grid.scaled(weight);
    inside_.add(grid);
    if (padded_) anywhere_.add(grid.with_zero());
  }

  /// `name`: the synapse's.
  ValueRange result(const std::string& name, bool is_window) const {
    ValueRange range{interval_, ZeroCause::none, name, inside_.result()};
    if (is_dark_ && is_window) range.cause = ZeroCause::sum;
    if (!padded_ || range.grid.holds_zero()) return range;
    range.grid = anywhere_.result();
    range.grid.zero_at_border = true;
    return range;
  }

 private:
  Interval interval_;
  GridOfSums inside_;    // where no tap reads padding
  GridOfSums anywhere_;  // each term may be 0
  bool padded_;
  bool is_dark_;
};

/// relu(x) and relu(-x), as in a PReLU: both are 0 where x is. The node that computes x; nullptr for others.
const Node* split_value(const Graph& graph, const std::string& left, const std::string& right) {
  const Node* a = graph.find(left);
  const Node* b = graph.find(right);
  if (a == nullptr || b == nullptr || a->op != "ReLU" || b->op != "ReLU") return nullptr;
  const auto mirrors = [&](const Node& relu, const std::string& of) {
    const Node* affine = graph.find(relu.inputs.at(0));
    if (affine->op != "Affine" || affine->inputs.at(0) != of) return false;
    const auto& scale = affine->tensor("scale")->reals();
    const auto& shift = affine->tensor("shift")->reals();
    return std::all_of(scale.begin(), scale.end(), [](float x) { return x < 0; }) &&
           std::all_of(shift.begin(), shift.end(), [](float x) { return x == 0; });
  };
  if (mirrors(*b, a->inputs.at(0))) return graph.find(a->inputs.at(0));
  if (mirrors(*a, b->inputs.at(0))) return graph.find(b->inputs.at(0));
  return nullptr;
}

/// Whether the sum is 0 where all of its terms are, and then why.
void join_causes(const Graph& graph, const std::vector<const ValueRange*>& terms, const ValueRanges& ranges,
                 std::int64_t channel, ValueRange& result) {
  const auto all = [&](const auto& test) {
    return std::all_of(terms.begin(), terms.end(), [&](const ValueRange* term) { return test(*term); });
  };
  if (!all([](const ValueRange& term) { return term.cause != ZeroCause::none; })) return;
  const ValueRange& first = *terms.front();
  if (terms.size() == 2 && first.cause == ZeroCause::rectified && terms[1]->cause == ZeroCause::rectified) {
    if (const Node* whole = split_value(graph, first.source, terms[1]->source)) {
      const ChannelRanges& values = ranges.at(whole->name);
      const ValueRange value = channel < values.size() ? values.at(channel) : ValueRange{};
      result.cause = value.cause;
      if (value.cause != ZeroCause::none) result.source = value.source;
      return;
    }
  }
  const bool alike = all([&](const ValueRange& term) {
    return term.cause == first.cause &&
           (term.cause == ZeroCause::padding || term.cause == ZeroCause::constant);
  });
  if (result.interval.is_one_sided() || alike) {
    result.cause = first.cause;
    result.source = first.source;
    return;
  }
  result.cause = ZeroCause::sum;
}

}  // namespace

ChannelRanges synapse_ranges(const Node& node, const ChannelRanges& input) {
  const Taps taps(node);
  const auto& weights = node.tensor("weight")->reals();
  const Tensor* bias = node.tensor("bias");
  ChannelRanges result;
  for (std::size_t o = 0; o * taps.per_output < weights.size(); ++o) {
    Terms terms(bias != nullptr ? bias->reals()[o] : 0.0, taps.padded);
    const std::size_t first = o / taps.outputs * taps.inputs;
    for (std::size_t i = 0; i < taps.inputs; ++i) {
      const ValueRange& read = input.at(static_cast<std::int64_t>(first + i));
      const std::size_t row = o * taps.per_output + i * taps.per_input;
      for (std::size_t k = 0; k < taps.per_input; ++k) terms.add(read, weights[row + k]);
    }
    result.groups.push_back(terms.result(node.name, is_convolution(node)));
  }
  return result;
}

ChannelRanges join_ranges(const Graph& graph, const Node& node, const ValueRanges& ranges) {
  const ChannelRanges& first = ranges.at(node.inputs.at(0));
  const bool alike = std::all_of(node.inputs.begin(), node.inputs.end(), [&](const std::string& input) {
    return ranges.at(input).repeat == first.repeat;
  });
  if (!alike && first.size() > ChannelRanges::most_listed) return {{ValueRange{}}, first.size()};
  ChannelRanges result{{}, alike ? first.repeat : 1};
  for (std::int64_t channel = 0; channel < first.size(); channel += result.repeat) {
    std::vector<const ValueRange*> terms;
    Interval interval{0, 0};
    GridOfSums grid(0);
    for (const std::string& input : node.inputs) {
      terms.push_back(&ranges.at(input).at(channel));
      interval = sum(interval, terms.back()->interval);
      grid.add(terms.back()->grid);
    }
    result.groups.push_back({interval, ZeroCause::none, node.name, grid.result()});
    join_causes(graph, terms, ranges, channel, result.groups.back());
  }
  return result;
}

}  // namespace rheobase
