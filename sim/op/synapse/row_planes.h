#pragma once

#include <hwy/aligned_allocator.h>

#include <algorithm>
#include <cstdint>

#include "sim/op/synapse/conv2d_plan.h"
#include "sim/op/synapse/row_kernels.h"

namespace rheobase {

/// The weights of a synapse of float32 arithmetic on the cpu: planes of up to `width` output channels of one
/// group, packed as row kernels take them.
class RowPlanes {
 public:
  explicit RowPlanes(const Conv2dPlan& plan);

  std::int64_t width() const { return width_; }
  std::int64_t per_group() const { return per_group_; }
  /// Counted through all groups.
  RowPlane operator[](std::int64_t number) const {
    return {rows_.get() + number * taps_ * width_, bias_.get() + number * width_, width_};
  }
  /// Output channels of a plane.
  std::int64_t first_channel(std::int64_t number) const {
    return number / per_group_ * outputs_per_group_ + number % per_group_ * width_;
  }
  std::int64_t channels(std::int64_t number) const {
    return std::min(width_, outputs_per_group_ - number % per_group_ * width_);
  }

 private:
  std::int64_t width_, taps_, outputs_per_group_, per_group_;
  hwy::AlignedFreeUniquePtr<float[]> rows_;  // [plane][row][width]
  hwy::AlignedFreeUniquePtr<float[]> bias_;  // [plane][width]
};

}  // namespace rheobase
