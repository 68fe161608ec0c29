#include "converters/onnx/import/layout.h"

#include <algorithm>
#include <numeric>

namespace rheobase::onnx_import {
namespace {

std::int64_t factor(const Layout& layout, std::int64_t axis) {
  return layout.factors[static_cast<std::size_t>(axis)];
}

/// The axes in view order, without those of extent 1.
Integers moving_axes(const Layout& layout) {
  Integers axes = layout.axes;
  std::erase_if(axes, [&](std::int64_t axis) { return factor(layout, axis) == 1; });
  return axes;
}

}  // namespace

Layout Layout::of(const Shape& shape) {
  Layout layout{shape, Integers(shape.size())};
  std::iota(layout.axes.begin(), layout.axes.end(), 0);
  return layout;
}

bool Layout::is_plain() const {
  const Integers moving = moving_axes(*this);
  return std::is_sorted(moving.begin(), moving.end());
}

Shape Layout::extents() const {
  Shape result;
  for (const std::int64_t axis : axes) result.push_back(factor(*this, axis));
  return result;
}

bool same_order(const Layout& a, const Layout& b) {
  if (a.is_plain() && b.is_plain()) return true;
  const auto moving_extents = [](const Layout& layout) {
    Shape extents;
    for (const std::int64_t axis : moving_axes(layout)) extents.push_back(factor(layout, axis));
    return extents;
  };
  // The ranks of the moving axes among each other say where each one goes.
  const auto ranks = [](const Layout& layout) {
    const Integers axes = moving_axes(layout);
    Integers result;
    for (const std::int64_t axis : axes)
      result.push_back(std::count_if(axes.begin(), axes.end(), [&](std::int64_t a) { return a < axis; }));
    return result;
  };
  return moving_extents(a) == moving_extents(b) && ranks(a) == ranks(b);
}

std::optional<std::vector<Integers>> axes_of(const Layout& layout, const Shape& dims) {
  std::vector<Integers> groups;
  const Shape extents = layout.extents();
  if (std::equal(extents.begin(), extents.end(), dims.begin() + 1, dims.end())) {
    for (const std::int64_t axis : layout.axes) groups.push_back({axis});
    return groups;
  }
  const Integers moving = moving_axes(layout);
  auto next = moving.begin();
  for (std::size_t i = 1; i < dims.size(); ++i) {
    Integers group;
    std::int64_t joined = 1;
    while (joined < dims[i] && next != moving.end()) {
      joined *= factor(layout, *next);
      group.push_back(*next++);
    }
    if (joined != dims[i]) return std::nullopt;
    groups.push_back(std::move(group));
  }
  if (next != moving.end()) return std::nullopt;
  return groups;
}

std::optional<Layout> transposed(const Layout& layout, const Shape& dims, const Integers& permutation) {
  const auto groups = axes_of(layout, dims);
  if (!groups) return std::nullopt;
  Layout result{layout.factors, {}};
  for (const std::int64_t from : permutation) {
    if (from == 0) continue;
    const Integers& group = (*groups)[static_cast<std::size_t>(from - 1)];
    result.axes.insert(result.axes.end(), group.begin(), group.end());
  }
  for (const std::int64_t axis : layout.axes) {  // of extent 1, which no group names
    if (std::find(result.axes.begin(), result.axes.end(), axis) == result.axes.end())
      result.axes.push_back(axis);
  }
  return result;
}

Integers node_indices(const Layout& layout) {
  Integers strides(layout.factors.size(), 1);
  for (std::size_t i = strides.size(); i-- > 1;) strides[i - 1] = strides[i] * layout.factors[i];
  const Shape extents = layout.extents();
  Integers result(static_cast<std::size_t>(element_count(extents)));
  Integers index(extents.size(), 0);
  std::int64_t at = 0;
  for (std::int64_t& element : result) {
    element = at;
    for (std::size_t i = extents.size(); i-- > 0;) {
      const std::int64_t stride = strides[static_cast<std::size_t>(layout.axes[i])];
      at += stride;
      if (++index[i] < extents[i]) break;
      at -= stride * extents[i];
      index[i] = 0;
    }
  }
  return result;
}

Reals in_node_order(const Layout& layout, const Reals& values) {
  if (layout.is_plain()) return values;
  const Integers indices = node_indices(layout);
  Reals result(values.size());
  for (std::size_t i = 0; i < values.size(); ++i)
    result.at(static_cast<std::size_t>(indices.at(i))) = values[i];
  return result;
}

}  // namespace rheobase::onnx_import
