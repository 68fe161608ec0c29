#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "converters/onnx/fold/shape_math.h"
#include "converters/onnx/import/ops.h"

namespace rheobase::onnx_import {
namespace {

/// Numbers for each extent of the view, the batch in front, as numbers for each axis of the node. NodeFault
/// where one that is not `neutral` is for an extent that joins axes or is none.
Integers for_node(const Activation& activation, const Integers& values, std::int64_t neutral) {
  const auto axes = activation.node_axes();
  Integers result(activation.node_shape.size(), neutral);
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const std::int64_t value = values.at(i + 1);
    if (value == neutral) continue;
    if (axes[i].size() != 1 || activation.layout.factors.size() != result.size()) {
      throw NodeFault(fmt::format("changes axis {} of {}, which is no axis of a {} alone", i + 1,
                                  to_string(activation.dims), to_string(activation.node_shape)));
    }
    result[static_cast<std::size_t>(axes[i][0])] = value;
  }
  return result;
}

/// What `node`, which changes extents of `input`'s node, gives, seen with the extents `dims`.
Activation reshaped_view(const Call& call, const Activation& input, Node node, Shape dims) {
  Activation result = call.graph.emit(call.node.label(), std::move(node));
  result.dims = std::move(dims);
  result.layout.axes = input.layout.axes;
  return result;
}

/// Pad's (all beginnings, all ends), spread over every axis of the input.
std::pair<Integers, Integers> paddings(const Call& call, std::size_t rank) {
  const ConstantPtr input = call.optional_constant(1);
  const auto pads = attribute_or_input(call.node, "pads", input.get());
  if (!pads) throw NodeFault("has no pads");
  Integers axes(rank);
  std::iota(axes.begin(), axes.end(), 0);
  if (const ConstantPtr named = call.optional_constant(3)) {
    axes = resolve_axes(integers_of(*named, "input 'axes'"), rank);
  }
  if (pads->size() != 2 * axes.size()) {
    throw NodeFault(fmt::format("has {} pads for {} axes", pads->size(), axes.size()));
  }
  std::pair<Integers, Integers> result{Integers(rank, 0), Integers(rank, 0)};
  for (std::size_t i = 0; i < axes.size(); ++i) {
    result.first[static_cast<std::size_t>(axes[i])] = (*pads)[i];
    result.second[static_cast<std::size_t>(axes[i])] = (*pads)[i + axes.size()];
  }
  return result;
}

constexpr std::int64_t whole = -1;  // where a slice of a whole axis stops, until the node's extent is known

std::int64_t sum_of(std::int64_t a, std::int64_t b) {
  std::int64_t result = 0;
  if (__builtin_add_overflow(a, b, &result)) throw NodeFault("pads beyond 2^63");
  return result;
}

void expect_zero_padding(const Call& call) {
  const std::string mode = call.node.word("mode", "constant");
  if (mode != "constant") throw NodeFault(fmt::format("pads by '{}'; 'constant' is supported", mode));
  double value = call.node.real("value", 0);
  if (const ConstantPtr given = call.optional_constant(2)) {
    const Reals values = reals_of(*given);
    value = values.empty() ? 0 : values[0];
  }
  if (value != 0) throw NodeFault(fmt::format("pads with {}; 0 is supported", value));
}

/// Ranges of Slice over all axes, checked to leave the batch alone.
std::vector<SliceRange> slice_of(const Call& call, const Shape& dims) {
  const ConstantPtr inputs[] = {call.optional_constant(1), call.optional_constant(2),
                                call.optional_constant(3), call.optional_constant(4)};
  const auto starts = attribute_or_input(call.node, "starts", inputs[0].get());
  const auto ends = attribute_or_input(call.node, "ends", inputs[1].get());
  const auto axes = attribute_or_input(call.node, "axes", inputs[2].get());
  if (!starts || !ends) throw NodeFault("has no starts or no ends");
  auto ranges = slice_ranges(dims, *starts, *ends, axes ? &*axes : nullptr,
                             inputs[3] ? &integers_of(*inputs[3], "input 'steps'") : nullptr);
  const SliceRange& batch = ranges.at(0);
  if (batch.begin != 0 || batch.step != 1 || batch.count != dims[0]) throw NodeFault("slices the batch");
  for (const SliceRange& range : ranges) {
    if (range.step < 1)
      throw NodeFault(fmt::format("has the step {}; steps from 1 are supported", range.step));
    if (range.count < 1) throw NodeFault("keeps nothing");
  }
  return ranges;
}

}  // namespace

Value import_identity(const Call& call) { return call.graph.activation(call.input(0)); }

/// Integers and booleans hold what a comparison gives, and what integer arithmetic makes of it.
Value import_cast(const Call& call) {
  constexpr std::int64_t to_float = 1;
  constexpr std::int64_t to_string_type = 8;
  constexpr std::int64_t to_bool = 9;
  constexpr std::int64_t to_double = 11;
  constexpr std::int64_t newest_integer = 13;
  const std::int64_t to = call.node.integer("to", 0);
  if (to == to_float || to == to_double) return import_identity(call);
  const auto values = two_values(call.graph.activation(call.input(0)).chain);
  const auto is_kept = [&](double value) {
    return to == to_bool ? value == 0 || value == 1 : value == std::round(value);
  };
  if (values && to > to_float && to <= newest_integer && to != to_string_type &&
      std::all_of(values->below.begin(), values->below.end(), is_kept) &&
      std::all_of(values->above.begin(), values->above.end(), is_kept) &&
      (!values->at_zero || std::all_of(values->at_zero->begin(), values->at_zero->end(), is_kept))) {
    return import_identity(call);
  }
  throw NodeFault(
      fmt::format("casts activations to element type {}; float and double are supported, and integers for "
                  "what a comparison gives",
                  to));
}

Value import_dropout(const Call& call) {
  if (const ConstantPtr training = call.optional_constant(2)) {
    const Reals values = reals_of(*training);
    if (values.size() != 1 || values[0] != 0) throw NodeFault("is in training mode; export in eval mode");
  }
  return import_identity(call);
}

Value import_shape(const Call& call) {
  const Shape& dims = call.graph.activation(call.input(0)).dims;
  const auto rank = static_cast<std::int64_t>(dims.size());
  const SliceRange range = slice_ranges({rank}, {call.node.integer("start", 0)},
                                        {call.node.integer("end", rank)}, nullptr, nullptr)[0];
  const auto begin = dims.begin() + range.begin;
  return std::make_shared<const Constant>(integer_list(Integers(begin, begin + range.count)));
}

Value import_size(const Call& call) {
  const std::int64_t count = element_count(call.graph.activation(call.input(0)).dims);
  return std::make_shared<const Constant>(Constant{{}, Integers{count}});
}

Value import_flatten(const Call& call) {
  const Activation& input = call.graph.activation(call.input(0));
  return call.view(input, flattened(input.dims, call.node.integer("axis", 1)));
}

Value import_reshape(const Call& call) {
  const ConstantPtr shape = call.constant(1);
  const Activation& input = call.graph.activation(call.input(0));
  const bool allow_zero = call.node.integer("allowzero", 0) != 0;
  return call.view(input, reshaped(input.dims, integers_of(*shape, "input 'shape'"), allow_zero));
}

Value import_squeeze(const Call& call) {
  const ConstantPtr given = call.optional_constant(1);
  const auto axes = attribute_or_input(call.node, "axes", given.get());
  const Activation& input = call.graph.activation(call.input(0));
  if (axes) return call.view(input, squeezed(input.dims, &*axes));
  Shape dims = squeezed(Shape(input.dims.begin() + 1, input.dims.end()), nullptr);
  dims.insert(dims.begin(), input.dims[0]);
  return call.view(input, dims);
}

Value import_unsqueeze(const Call& call) {
  const ConstantPtr given = call.optional_constant(1);
  const auto axes = attribute_or_input(call.node, "axes", given.get());
  if (!axes) throw NodeFault("has no axes");
  const Activation& input = call.graph.activation(call.input(0));
  return call.view(input, unsqueezed(input.dims, *axes));
}

Value import_transpose(const Call& call) {
  const Activation& input = call.graph.activation(call.input(0));
  Integers reversed(input.dims.size());
  std::iota(reversed.rbegin(), reversed.rend(), 0);
  const Integers given = call.node.integers("perm").value_or(reversed);
  Shape dims = permuted(input.dims, given);
  const Integers order = resolve_axes(given, input.dims.size());
  if (order[0] != 0) throw NodeFault("moves the batch to another axis");
  auto layout = transposed(input.layout, input.dims, order);
  if (!layout) {
    throw NodeFault(fmt::format("permutes {}, a reshaped {}, by ({}); export the model with channels first",
                                to_string(input.dims), to_string(input.node_shape), fmt::join(order, ",")));
  }
  Activation result = call.view(input, std::move(dims));
  result.layout = *std::move(layout);
  return result;
}

Value import_concat(const Call& call) {
  Node node{"", "Concat", {}, {}, {}};
  Activation first;
  Shape dims;
  for (std::size_t i = 0; i < call.node.inputs().size(); ++i) {
    const Activation part = call.graph.sample(call.input(i));
    const auto axis =
        static_cast<std::size_t>(resolve_axes({call.node.integer("axis", 1)}, part.dims.size())[0]);
    const bool is_features = part.node_shape.size() == 1 && part.layout.factors.size() == 1;
    if (part.channel_axis() != axis || (part.node_shape.size() == 1 && !is_features)) {
      throw NodeFault(
          fmt::format("joins {} along axis {}, which is not the channels'; channels are supported",
                      to_string(part.dims), axis));
    }
    if (i == 0) {
      first = part;
      dims = part.dims;
    } else if (part.layout.axes != first.layout.axes || part.dims.size() != dims.size()) {
      throw NodeFault(fmt::format("joins '{}' and '{}', whose axes are in different orders", call.input(0),
                                  call.input(i)));
    } else {
      dims[axis] += part.dims[axis];
    }
    node.inputs.push_back(part.node);
  }
  if (node.inputs.empty()) throw NodeFault("joins nothing");
  if (node.inputs.size() == 1) return first;
  return reshaped_view(call, first, std::move(node), std::move(dims));
}

Value import_pad(const Call& call) {
  expect_zero_padding(call);
  const Activation input = call.graph.sample(call.input(0));
  const auto [before, after] = paddings(call, input.dims.size());
  const auto is_zero = [](std::int64_t v) { return v == 0; };
  if (before[0] != 0 || after[0] != 0) throw NodeFault("pads the batch");
  if (std::all_of(before.begin(), before.end(), is_zero) &&
      std::all_of(after.begin(), after.end(), is_zero)) {
    return input;
  }
  Node node{"", "Pad", {input.node}, {}, {}};
  node.attributes["before"] = for_node(input, before, 0);
  node.attributes["after"] = for_node(input, after, 0);
  Shape dims = input.dims;
  for (std::size_t i = 0; i < dims.size(); ++i) dims[i] = sum_of(dims[i], sum_of(before[i], after[i]));
  return reshaped_view(call, input, std::move(node), std::move(dims));
}

Value import_slice(const Call& call) {
  const Activation input = call.graph.sample(call.input(0));
  const auto ranges = slice_of(call, input.dims);
  Integers start, stop, step;
  Shape dims;
  for (std::size_t axis = 0; axis < ranges.size(); ++axis) {
    const SliceRange& range = ranges[axis];
    const bool is_whole = range.count == input.dims[axis];
    start.push_back(range.begin);
    stop.push_back(is_whole ? whole : range.begin + (range.count - 1) * range.step + 1);
    step.push_back(range.count == 1 ? 1 : range.step);
    dims.push_back(range.count);
  }
  if (dims == input.dims) return input;
  Node node{"", "Slice", {input.node}, {}, {}};
  node.attributes["start"] = for_node(input, start, 0);
  node.attributes["step"] = for_node(input, step, 1);
  stop = for_node(input, stop, whole);
  for (std::size_t axis = 0; axis < stop.size(); ++axis) {
    if (stop[axis] == whole) stop[axis] = input.node_shape[axis];
  }
  node.attributes["stop"] = stop;
  return reshaped_view(call, input, std::move(node), std::move(dims));
}

}  // namespace rheobase::onnx_import
