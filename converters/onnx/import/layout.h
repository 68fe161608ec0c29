#pragma once

#include <optional>
#include <vector>

#include "converters/onnx/fold/constant.h"

namespace rheobase::onnx_import {

/// In which order a view lists the elements of a node: as a tensor of extents `factors` does whose axes have
/// been put in the order `axes`. Channels last of C x H x W is {1, 2, 0}.
struct Layout {
  Shape factors;  ///< the node's shape, or what it was before it was flattened
  Integers axes;  ///< a permutation, the outermost axis first

  /// The node's own order.
  static Layout of(const Shape& shape);
  /// Whether the order is the node's own; axes of extent 1 may stand anywhere.
  bool is_plain() const;
  /// `factors` in the order of the view.
  Shape extents() const;
};

/// Whether two nodes of equal element count list corresponding elements at the same places.
bool same_order(const Layout& a, const Layout& b);

/// Which axes of the factors each of the extents `dims`, batch in front, joins, for dims 1 and on: {0} alone
/// is the channel. Axes of extent 1 are left out unless there are as many extents as axes. Nothing where an
/// extent holds a part of an axis.
std::optional<std::vector<Integers>> axes_of(const Layout& layout, const Shape& dims);

/// The layout after the view's axes, batch in front, have been put in the order `permutation`, which leaves
/// the batch in place; nothing where an extent holds a part of an axis.
std::optional<Layout> transposed(const Layout& layout, const Shape& dims, const Integers& permutation);

/// For each element of the view, its index in the node.
Integers node_indices(const Layout& layout);

/// One number for each element of the view, in the node's order.
Reals in_node_order(const Layout& layout, const Reals& values);

}  // namespace rheobase::onnx_import
