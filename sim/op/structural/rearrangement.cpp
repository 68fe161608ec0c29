#include "sim/op/structural/rearrangement.h"

#include <algorithm>
#include <functional>
#include <optional>

#include "sim/core/error.h"
#include "sim/graph/structural_ops.h"

namespace rheobase {
namespace {

using Index = std::int64_t;

// An element of one of the inputs, by its place in C, H, W order.
struct Source {
  std::size_t input = 0;
  Index c = 0, y = 0, x = 0;
};

using Origin = std::function<std::optional<Source>(Index c, Index y, Index x)>;

Origin flatten_origin(const ImageShape& in) {
  return [=](Index n, Index, Index) {
    return Source{0, n / in.pixels(), n % in.pixels() / in.width, n % in.width};
  };
}

Origin slice_origin(const Node& node) {
  const SliceAttributes slice = slice_attributes(node);
  const auto at = [](const std::vector<Index>& list, std::size_t axis, Index otherwise) {
    return axis < list.size() ? list[axis] : otherwise;
  };
  return [=](Index c, Index y, Index x) {
    return Source{0, at(slice.start, 0, 0) + c * at(slice.step, 0, 1),
                  at(slice.start, 1, 0) + y * at(slice.step, 1, 1),
                  at(slice.start, 2, 0) + x * at(slice.step, 2, 1)};
  };
}

Origin pad_origin(const Node& node, const ImageShape& in) {
  std::vector<Index> before = node.integers("before", {});
  before.resize(3, 0);
  return [=](Index c, Index y, Index x) -> std::optional<Source> {
    const Source source{0, c - before[0], y - before[1], x - before[2]};
    const bool inside = source.c >= 0 && source.c < in.channels && source.y >= 0 && source.y < in.height &&
                        source.x >= 0 && source.x < in.width;
    return inside ? std::optional(source) : std::nullopt;
  };
}

Origin concat_origin(const std::vector<SignalSpec>& inputs) {
  return [inputs](Index c, Index y, Index x) -> std::optional<Source> {
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      if (c < inputs[i].shape.channels) return Source{i, c, y, x};
      c -= inputs[i].shape.channels;
    }
    throw InternalError("concat: channel out of range");
  };
}

Origin origin_of(const NodeContext& context) {
  const Node& node = context.node;
  if (node.op == "Flatten") return flatten_origin(context.inputs[0].shape);
  if (node.op == "Slice") return slice_origin(node);
  if (node.op == "Pad") return pad_origin(node, context.inputs[0].shape);
  if (node.op == "Concat") return concat_origin(context.inputs);
  throw InternalError("not a rearranging op: " + node.op);
}

// The narrowest type that holds the numbers of both.
SignalType joined_type(SignalType a, SignalType b) {
  if (a == b) return a;
  if (a == SignalType::signs || b == SignalType::signs) return SignalType::real32;
  for (const SignalType wide : {SignalType::real32, SignalType::int32}) {
    if (a == wide || b == wide) return wide;
  }
  return SignalType::int16;
}

std::vector<Rearrangement::Element> find_elements(const Origin& origin, const Rearrangement& made) {
  std::vector<Rearrangement::Element> elements;
  elements.reserve(static_cast<std::size_t>(made.output.shape.size()));
  for (Index y = 0; y < made.output.shape.height; ++y) {
    for (Index x = 0; x < made.output.shape.width; ++x) {
      for (Index c = 0; c < made.output.shape.channels; ++c) {
        Rearrangement::Element element;
        if (const std::optional<Source> source = origin(c, y, x)) {
          const ImageShape& input = made.inputs[source->input].shape;
          element = {static_cast<std::int32_t>(source->input), source->y * input.width + source->x,
                     source->c};
        }
        elements.push_back(element);
      }
    }
  }
  return elements;
}

}  // namespace

Rearrangement::Rearrangement(const NodeContext& context) : inputs(context.inputs) {
  output.type = inputs[0].type;
  output.shape = as_image(context.output_shape);
  for (const SignalSpec& input : inputs) {
    output.type = joined_type(output.type, input.type);
    output.low = std::min(output.low, input.low);
    output.high = std::max(output.high, input.high);
  }
  output.scales.assign(output.shape.channels, 1.0F);
  elements = find_elements(origin_of(context), *this);
  for (std::size_t i = 0; i < elements.size(); ++i) {
    if (elements[i].input >= 0)
      output.scales[i % output.scales.size()] = inputs[elements[i].input].scale(elements[i].channel);
  }
  const bool has_zeros =
      std::any_of(elements.begin(), elements.end(), [](const Element& e) { return e.input < 0; });
  if (has_zeros && output.type == SignalType::signs) output.type = SignalType::real32;
  const bool uniform =
      std::all_of(output.scales.begin(), output.scales.end(), [&](float s) { return s == output.scales[0]; });
  if (uniform) output.scales.resize(1);
}

}  // namespace rheobase
