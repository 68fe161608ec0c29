#include "converters/onnx/fold/shape_math.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace rheobase::onnx_import {
namespace {

std::int64_t resolve_axis(std::int64_t axis, std::size_t rank) {
  const auto extent = static_cast<std::int64_t>(rank);
  if (axis < -extent || axis >= extent) {
    throw NodeFault(fmt::format("axis {} does not exist in rank {}", axis, rank));
  }
  return axis < 0 ? axis + extent : axis;
}

bool contains(const Integers& values, std::size_t value) {
  return std::find(values.begin(), values.end(), static_cast<std::int64_t>(value)) != values.end();
}

/// One axis of Slice as ONNX clamps it.
SliceRange slice_range(std::int64_t extent, std::int64_t start, std::int64_t end, std::int64_t step) {
  if (step == 0 || step == std::numeric_limits<std::int64_t>::min())
    throw NodeFault("slices by an unusable step");
  const auto clamped = [&](std::int64_t index, std::int64_t low, std::int64_t high) {
    if (index < 0) index = index < -extent ? low : index + extent;
    return std::clamp(index, low, high);
  };
  if (step > 0) {
    const std::int64_t first = clamped(start, 0, extent);
    const std::int64_t last = clamped(end, 0, extent);
    return {first, step, last > first ? (last - first - 1) / step + 1 : 0};
  }
  if (extent == 0) return {0, step, 0};
  const std::int64_t first = clamped(start, 0, extent - 1);
  const std::int64_t last = clamped(end, -1, extent - 1);
  return {first, step, first > last ? (first - last - 1) / -step + 1 : 0};
}

}  // namespace

std::int64_t extent_product(const Shape& dims, std::size_t begin, std::size_t end) {
  return element_count(Shape(dims.begin() + static_cast<std::ptrdiff_t>(begin),
                             dims.begin() + static_cast<std::ptrdiff_t>(end)));
}

Integers resolve_axes(const Integers& axes, std::size_t rank) {
  Integers resolved;
  for (const std::int64_t axis : axes) {
    const std::int64_t positive = resolve_axis(axis, rank);
    if (contains(resolved, static_cast<std::size_t>(positive))) {
      throw NodeFault(fmt::format("axis {} is named twice", axis));
    }
    resolved.push_back(positive);
  }
  return resolved;
}

Shape reshaped(const Shape& dims, const Integers& target, bool allow_zero) {
  Shape result = target;
  std::ptrdiff_t inferred = -1;
  for (std::size_t i = 0; i < result.size(); ++i) {
    if (result[i] == 0 && !allow_zero) {
      if (i >= dims.size()) throw NodeFault("copies an extent that the input does not have");
      result[i] = dims[i];
    } else if (result[i] == -1) {
      if (inferred >= 0) throw NodeFault("leaves two extents open");
      inferred = static_cast<std::ptrdiff_t>(i);
      result[i] = 1;
    }
  }
  const std::int64_t count = element_count(dims);
  const std::int64_t known = element_count(result);
  if (inferred >= 0 && known > 0 && count % known == 0) result[inferred] = count / known;
  if (element_count(result) != count) {
    throw NodeFault(fmt::format("cannot reshape {} to ({})", to_string(dims), fmt::join(target, ",")));
  }
  return result;
}

Shape flattened(const Shape& dims, std::int64_t axis) {
  const auto rank = static_cast<std::int64_t>(dims.size());
  if (axis < -rank || axis > rank)
    throw NodeFault(fmt::format("axis {} does not exist in rank {}", axis, rank));
  const auto cut = static_cast<std::size_t>(axis < 0 ? axis + rank : axis);
  return {extent_product(dims, 0, cut), extent_product(dims, cut, dims.size())};
}

Shape squeezed(const Shape& dims, const Integers* axes) {
  const Integers gone = axes != nullptr ? resolve_axes(*axes, dims.size()) : Integers();
  Shape result;
  for (std::size_t i = 0; i < dims.size(); ++i) {
    const bool go = axes != nullptr ? contains(gone, i) : dims[i] == 1;
    if (go && dims[i] != 1) throw NodeFault(fmt::format("cannot squeeze axis {} of {}", i, to_string(dims)));
    if (!go) result.push_back(dims[i]);
  }
  return result;
}

Shape unsqueezed(const Shape& dims, const Integers& axes) {
  const Integers added = resolve_axes(axes, dims.size() + axes.size());
  Shape result;
  std::size_t next = 0;
  for (std::size_t i = 0; i < dims.size() + axes.size(); ++i) {
    result.push_back(contains(added, i) ? 1 : dims.at(next++));
  }
  return result;
}

Shape reduced(const Shape& dims, const Integers& resolved_axes, bool keep_dims) {
  Shape result;
  for (std::size_t i = 0; i < dims.size(); ++i) {
    if (!contains(resolved_axes, i)) {
      result.push_back(dims[i]);
    } else if (keep_dims) {
      result.push_back(1);
    }
  }
  return result;
}

Shape permuted(const Shape& dims, const Integers& permutation) {
  if (permutation.size() != dims.size()) throw NodeFault("permutes another number of axes than there are");
  Shape result;
  for (const std::int64_t axis : resolve_axes(permutation, dims.size())) {
    result.push_back(dims[static_cast<std::size_t>(axis)]);
  }
  return result;
}

Shape broadcast(const Shape& a, const Shape& b) {
  Shape result(std::max(a.size(), b.size()));
  for (std::size_t i = 0; i < result.size(); ++i) {  // from the last axis
    const std::int64_t x = i < a.size() ? a[a.size() - 1 - i] : 1;
    const std::int64_t y = i < b.size() ? b[b.size() - 1 - i] : 1;
    if (x != y && x != 1 && y != 1) {
      throw NodeFault(fmt::format("cannot broadcast {} with {}", to_string(a), to_string(b)));
    }
    result[result.size() - 1 - i] = x == 1 ? y : x;
  }
  return result;
}

std::vector<SliceRange> slice_ranges(const Shape& dims, const Integers& starts, const Integers& ends,
                                     const Integers* axes, const Integers* steps) {
  Integers all(starts.size());
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::int64_t>(i);
  const Integers named = resolve_axes(axes != nullptr ? *axes : all, dims.size());
  const std::size_t count = named.size();
  if (starts.size() != count || ends.size() != count || (steps != nullptr && steps->size() != count)) {
    throw NodeFault("starts, ends, axes and steps have different lengths");
  }
  std::vector<SliceRange> ranges;
  for (const std::int64_t extent : dims) ranges.push_back({0, 1, extent});
  for (std::size_t i = 0; i < count; ++i) {
    const auto axis = static_cast<std::size_t>(named[i]);
    ranges[axis] = slice_range(dims[axis], starts[i], ends[i], steps != nullptr ? (*steps)[i] : 1);
  }
  return ranges;
}

}  // namespace rheobase::onnx_import
