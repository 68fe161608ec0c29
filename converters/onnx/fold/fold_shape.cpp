#include <fmt/format.h>

#include <array>
#include <numeric>
#include <utility>

#include "converters/onnx/fold/fold.h"
#include "converters/onnx/fold/shape_math.h"
#include "converters/onnx/proto/tensor_proto.h"

namespace rheobase::onnx_import {
namespace {

/// Elements of `source` in the order of `shape`, element (i0, i1, ...) being at offset + sum of i * stride.
template <class T>
std::vector<T> strided(const std::vector<T>& source, const Shape& shape, const Integers& strides,
                       std::int64_t offset, std::int64_t count) {
  std::vector<T> result;
  result.reserve(static_cast<std::size_t>(count));
  Integers index(shape.size(), 0);
  for (std::int64_t i = 0; i < count; ++i) {
    result.push_back(source[static_cast<std::size_t>(offset)]);
    for (std::size_t axis = shape.size(); axis-- > 0;) {
      offset += strides[axis];
      if (++index[axis] < shape[axis]) break;
      offset -= strides[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return result;
}

Constant gathered(const FoldCall& call, const Constant& source, Shape shape, const Integers& strides,
                  std::int64_t offset) {
  const std::int64_t count = call.budget.take(shape);
  return std::visit(
      [&](const auto& values) -> Constant {
        auto result = strided(values, shape, strides, offset, count);
        return {std::move(shape), std::move(result)};
      },
      source.data);
}

Integers row_major_strides(const Shape& shape) {
  Integers strides(shape.size(), 1);
  for (std::size_t i = shape.size(); i-- > 1;) strides[i - 1] = strides[i] * shape[i];
  return strides;
}

Constant with_shape(const FoldCall& call, const Constant& source, Shape shape) {
  call.budget.take(shape);
  return {std::move(shape), source.data};
}

Constant fold_same(const FoldCall& call) { return with_shape(call, call.input(0), call.input(0).shape); }

Constant fold_shape(const FoldCall& call) {
  const Shape& dims = call.input(0).shape;
  const auto range =
      slice_ranges({static_cast<std::int64_t>(dims.size())}, {call.node.integer("start", 0)},
                   {call.node.integer("end", static_cast<std::int64_t>(dims.size()))}, nullptr, nullptr)[0];
  const auto begin = dims.begin() + range.begin;
  return integer_list(Integers(begin, begin + range.count));
}

Constant fold_size(const FoldCall& call) { return {{}, Integers{call.input(0).size()}}; }

Constant fold_reshape(const FoldCall& call) {
  const bool allow_zero = call.node.integer("allowzero", 0) != 0;
  const Integers& target = integers_of(call.input(1), "input 'shape'");
  return with_shape(call, call.input(0), reshaped(call.input(0).shape, target, allow_zero));
}

Constant fold_flatten(const FoldCall& call) {
  return with_shape(call, call.input(0), flattened(call.input(0).shape, call.node.integer("axis", 1)));
}

Constant fold_squeeze(const FoldCall& call) {
  const auto axes = attribute_or_input(call.node, "axes", call.optional_input(1));
  return with_shape(call, call.input(0), squeezed(call.input(0).shape, axes ? &*axes : nullptr));
}

Constant fold_unsqueeze(const FoldCall& call) {
  const auto axes = attribute_or_input(call.node, "axes", call.optional_input(1));
  if (!axes) throw NodeFault("has no axes");
  return with_shape(call, call.input(0), unsqueezed(call.input(0).shape, *axes));
}

Constant fold_transpose(const FoldCall& call) {
  const Constant& source = call.input(0);
  Integers reversed(source.shape.size());
  std::iota(reversed.rbegin(), reversed.rend(), 0);
  const Integers permutation = call.node.integers("perm").value_or(reversed);
  const Integers from = row_major_strides(source.shape);
  const Shape shape = permuted(source.shape, permutation);
  Integers strides;
  for (const std::int64_t axis : resolve_axes(permutation, from.size())) {
    strides.push_back(from[static_cast<std::size_t>(axis)]);
  }
  return gathered(call, source, shape, strides, 0);
}

Constant fold_slice(const FoldCall& call) {
  const Constant& source = call.input(0);
  const auto starts = attribute_or_input(call.node, "starts", call.optional_input(1));
  const auto ends = attribute_or_input(call.node, "ends", call.optional_input(2));
  const auto axes = attribute_or_input(call.node, "axes", call.optional_input(3));
  const Constant* steps = call.optional_input(4);
  if (!starts || !ends) throw NodeFault("has no starts or no ends");
  const auto ranges = slice_ranges(source.shape, *starts, *ends, axes ? &*axes : nullptr,
                                   steps != nullptr ? &integers_of(*steps, "input 'steps'") : nullptr);
  Integers strides = row_major_strides(source.shape);
  Shape shape;
  std::int64_t offset = 0;
  for (std::size_t axis = 0; axis < ranges.size(); ++axis) {
    shape.push_back(ranges[axis].count);
    if (ranges[axis].count > 0) offset += ranges[axis].begin * strides[axis];
    strides[axis] = ranges[axis].count > 1 ? strides[axis] * ranges[axis].step : 0;
  }
  return gathered(call, source, shape, strides, offset);
}

Constant fold_expand(const FoldCall& call) {
  const Constant& source = call.input(0);
  const Shape shape = broadcast(source.shape, integers_of(call.input(1), "input 'shape'"));
  const Integers from = row_major_strides(source.shape);
  Integers strides(shape.size(), 0);
  for (std::size_t i = 0; i < from.size(); ++i) {
    const std::size_t axis = shape.size() - from.size() + i;
    if (source.shape[i] != 1) strides[axis] = from[i];
  }
  return gathered(call, source, shape, strides, 0);
}

Constant fold_gather(const FoldCall& call) {
  const Constant& source = call.input(0);
  const Constant& chosen = call.input(1);
  const auto axis =
      static_cast<std::size_t>(resolve_axes({call.node.integer("axis", 0)}, source.shape.size())[0]);
  const std::int64_t extent = source.shape[axis];
  Integers indices = integers_of(chosen, "input 'indices'");
  for (std::int64_t& index : indices) {
    if (index < -extent || index >= extent) throw NodeFault(fmt::format("index {} is out of range", index));
    if (index < 0) index += extent;
  }
  Shape shape(source.shape.begin(), source.shape.begin() + static_cast<std::ptrdiff_t>(axis));
  shape.insert(shape.end(), chosen.shape.begin(), chosen.shape.end());
  shape.insert(shape.end(), source.shape.begin() + static_cast<std::ptrdiff_t>(axis) + 1, source.shape.end());
  call.budget.take(shape);
  const std::int64_t outer = extent_product(source.shape, 0, axis);
  const std::int64_t inner = extent_product(source.shape, axis + 1, source.shape.size());
  return std::visit(
      [&](const auto& values) -> Constant {
        std::remove_cvref_t<decltype(values)> result;
        for (std::int64_t o = 0; o < outer; ++o) {
          for (const std::int64_t index : indices) {
            const auto begin = values.begin() + (o * extent + index) * inner;
            result.insert(result.end(), begin, begin + inner);
          }
        }
        return {std::move(shape), std::move(result)};
      },
      source.data);
}

/// Rows [o * width, (o + 1) * width) of every part, part after part.
template <class T>
std::vector<T> interleaved(std::span<const ConstantPtr> parts, std::size_t axis, std::int64_t outer) {
  std::vector<T> result;
  for (std::int64_t o = 0; o < outer; ++o) {
    for (const ConstantPtr& part : parts) {
      const auto& values = std::get<std::vector<T>>(part->data);
      const std::int64_t width = extent_product(part->shape, axis, part->shape.size());
      result.insert(result.end(), values.begin() + o * width, values.begin() + (o + 1) * width);
    }
  }
  return result;
}

Constant fold_concat(const FoldCall& call) {
  Shape shape = call.input(0).shape;
  const auto axis = static_cast<std::size_t>(resolve_axes({call.node.integer("axis", 0)}, shape.size())[0]);
  for (std::size_t i = 1; i < call.inputs.size(); ++i) {
    Shape other = call.input(i).shape;
    if (other.size() != shape.size() || call.input(i).is_real() != call.input(0).is_real()) {
      throw NodeFault("joins constants of different rank or type");
    }
    const std::int64_t sum = shape[axis] + other[axis];
    other[axis] = shape[axis];
    if (other != shape) throw NodeFault("joins constants whose other extents differ");
    shape[axis] = sum;
  }
  call.budget.take(shape);
  const std::int64_t outer = extent_product(shape, 0, axis);
  if (call.input(0).is_real()) return {shape, interleaved<double>(call.inputs, axis, outer)};
  return {shape, interleaved<std::int64_t>(call.inputs, axis, outer)};
}

Constant fold_constant_of_shape(const FoldCall& call) {
  const Shape shape = integers_of(call.input(0), "input 'shape'");
  const auto count = static_cast<std::size_t>(call.budget.take(shape));
  const auto* value = call.node.tensor("value");
  const Constant fill = value != nullptr ? read_tensor(*value, call.folder) : Constant{{1}, Reals{0.0}};
  if (fill.size() != 1) throw NodeFault("attribute 'value' is not one value");
  return std::visit(
      [&](const auto& v) -> Constant {
        return {shape, std::remove_cvref_t<decltype(v)>(count, v[0])};
      },
      fill.data);
}

Constant fold_constant(const FoldCall& call) {
  const NodeView& node = call.node;
  if (const auto* value = node.tensor("value")) return read_tensor(*value, call.folder);
  if (node.has("value_float")) return {{}, Reals{node.real("value_float", 0)}};
  if (node.has("value_int")) return {{}, Integers{node.integer("value_int", 0)}};
  if (const auto values = node.integers("value_ints")) return integer_list(*values);
  if (const auto values = node.reals("value_floats")) {
    return {{static_cast<std::int64_t>(values->size())}, *values};
  }
  throw NodeFault("holds neither a dense tensor nor numbers");
}

constexpr std::array<std::pair<const char*, Fold>, 15> folds{{
    {"Constant", fold_constant},
    {"ConstantOfShape", fold_constant_of_shape},
    {"Concat", fold_concat},
    {"Dropout", fold_same},
    {"Expand", fold_expand},
    {"Flatten", fold_flatten},
    {"Gather", fold_gather},
    {"Identity", fold_same},
    {"Reshape", fold_reshape},
    {"Shape", fold_shape},
    {"Size", fold_size},
    {"Slice", fold_slice},
    {"Squeeze", fold_squeeze},
    {"Transpose", fold_transpose},
    {"Unsqueeze", fold_unsqueeze},
}};

}  // namespace

const Constant& FoldCall::input(std::size_t i) const {
  const Constant* found = optional_input(i);
  if (found == nullptr) throw NodeFault(fmt::format("input {} is missing", i));
  return *found;
}

const Constant* FoldCall::optional_input(std::size_t i) const {
  return i < inputs.size() ? inputs[i].get() : nullptr;
}

Fold find_shape_fold(const std::string& op) {
  for (const auto& [name, fold] : folds) {
    if (op == name) return fold;
  }
  return nullptr;
}

Fold find_fold(const std::string& op) {
  for (const auto find : {find_shape_fold, find_arithmetic_fold, find_reduce_fold, find_quantized_fold}) {
    if (const Fold fold = find(op)) return fold;
  }
  return nullptr;
}

}  // namespace rheobase::onnx_import
