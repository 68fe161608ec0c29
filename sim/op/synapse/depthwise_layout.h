#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "sim/op/synapse/conv2d_plan.h"

namespace rheobase {

// Convolutions of small groups, depthwise ones first of all. Their kernels run along all output channels of a
// pixel: weights and inputs of a tap are I/groups rows of one number an output channel.

/// Whether a convolution has such groups: several, and so small that planes of output channels of one group
/// would be mostly empty, or cost more to fill than to use. Measured with synapse_bench: groups of 8 channels
/// are 1.2 to 2.3 times as fast this way (docs/reference/performance.md).
inline bool has_small_groups(const Conv2dGeometry& geometry) {
  constexpr std::int64_t most_products = 64;  // of a tap in one group
  return geometry.groups > 1 && geometry.inputs_per_group() * geometry.outputs_per_group() <= most_products;
}

/// Whether a pixel of the input is its own row: one input and one output channel a group.
inline bool is_depthwise(const Conv2dGeometry& geometry) {
  return geometry.inputs_per_group() == 1 && geometry.outputs_per_group() == 1;
}

/// [I/groups][width]: which input channel output channel oc meets in each row of a tap. Columns beyond the
/// last channel repeat it.
inline std::vector<std::int32_t> channels_under_outputs(const Conv2dGeometry& geometry, std::int64_t width) {
  std::vector<std::int32_t> channels;
  for (std::int64_t ic = 0; ic < geometry.inputs_per_group(); ++ic) {
    for (std::int64_t column = 0; column < width; ++column) {
      const std::int64_t oc = std::min(column, geometry.output.channels - 1);
      channels.push_back(
          static_cast<std::int32_t>(oc / geometry.outputs_per_group() * geometry.inputs_per_group() + ic));
    }
  }
  return channels;
}

/// Image rows under the windows of `rows` output rows, inside the image or not.
inline std::int64_t rows_under(const Window& window, std::int64_t rows) {
  return (rows - 1) * window.stride[0] + (window.kernel[0] - 1) * window.dilation[0] + 1;
}

/// Output rows that a task takes at most: enough to be worth its start, and `spread` where it first brings
/// its inputs into another form, so that neighbours do not do most of it twice.
inline std::int64_t most_rows_per_task(const Conv2dGeometry& geometry, bool spread) {
  constexpr std::int64_t products_per_task = 1 << 17;
  const std::int64_t products = geometry.output.width * geometry.output.channels * geometry.rows();
  const std::int64_t rows = products_per_task / std::max<std::int64_t>(1, products) + 1;
  return std::min(geometry.output.height, std::max<std::int64_t>(rows, spread ? 8 : 1));
}

/// Output rows of a task, of `total` in all.
inline std::int64_t rows_per_task(std::int64_t most, std::int64_t total, std::int64_t threads) {
  return std::clamp<std::int64_t>(total / (4 * threads), 1, most);
}

}  // namespace rheobase
