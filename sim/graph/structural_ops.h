#pragma once

#include <array>
#include <cstdint>

#include "sim/graph/graph.h"

namespace rheobase {

/// How a window moves over an image: stride and dilation per axis {h, w}; zero padding {top, left, bottom,
/// right}.
struct Window {
  std::array<std::int64_t, 2> kernel{1, 1};
  std::array<std::int64_t, 2> stride{1, 1};
  std::array<std::int64_t, 2> dilation{1, 1};
  std::array<std::int64_t, 4> padding{0, 0, 0, 0};
  bool ceil_mode =
      false;  ///< pools: a last window that starts inside the padded image counts though it ends outside

  /// Extent of the output along an axis (0 = h, 1 = w) for an input of that extent; below 1 where no window
  /// fits.
  std::int64_t output_extent(int axis, std::int64_t input) const;
};

/// Settings of a validated `Conv2d` node. weight {O, I/groups, kh, kw}, optional bias {O}.
struct Conv2dAttributes {
  Window window;
  std::int64_t groups = 1;
};
Conv2dAttributes conv2d_attributes(const Node& node);
/// Whether a synapse moves its weights over an image, as Conv2d does; if not, it reads a row of values, as
/// Linear does.
bool is_convolution(const Node& synapse);

/// Settings of a validated `AvgPool2d`, `MaxPool2d` or `CumulativeMaxPool2d` node.
struct Pool2dAttributes {
  Window window;
  bool count_include_pad = false;  ///< AvgPool2d: padding counts in the divisor
};
Pool2dAttributes pool2d_attributes(const Node& node);

/// Settings of a validated `Slice` node, one entry an axis of the input.
struct SliceAttributes {
  std::vector<std::int64_t> start, stop, step;
};
SliceAttributes slice_attributes(const Node& node);

}  // namespace rheobase
