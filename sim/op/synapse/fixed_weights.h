#pragma once

#include <hwy/aligned_allocator.h>

#include <cstdint>

#include "sim/op/synapse/event_lister.h"
#include "sim/op/synapse/fixed_conv2d_plan.h"
#include "sim/op/synapse/fixed_rows.h"

namespace rheobase {

/// The planes of output channels of a Conv2d in fixed arithmetic: up to 64 channels of one group each.
class OutputPlanes {
 public:
  explicit OutputPlanes(const FixedConv2dPlan& plan);

  std::int64_t width() const { return width_; }  ///< 16, 32 or 64
  std::int64_t per_group() const { return per_group_; }
  std::int64_t count() const { return per_group_ * groups_; }
  std::int64_t first_channel(std::int64_t plane) const {
    return plane / per_group_ * channels_ + plane % per_group_ * width_;
  }
  std::int64_t channels(std::int64_t plane) const;  ///< 1 to width()

 private:
  std::int64_t channels_, groups_, width_, per_group_;
};

/// Rows for sum_events(): by plane, then block, each block with a row of zeros behind it.
class EventWeights {
 public:
  EventWeights(const FixedConv2dPlan& plan, const OutputPlanes& planes, const EventLister& lister);
  EventPlane block(std::int64_t plane, std::int64_t block) const;

 private:
  std::int64_t width_ = 0;
  std::int64_t plane_rows_ = 0;
  std::vector<std::int64_t> first_row_;  // of a block within its plane
  hwy::AlignedFreeUniquePtr<std::uint8_t[]> rows_;
};

/// Weights for multiply_dense(), int8 (Together = 4) or int16 (Together = 2): by plane,
/// [row / Together][column][row % Together]. The rows of a window come in pieces of `piece_inputs`, each
/// padded with zeros to `piece_length`.
template <class Weight>
class DenseWeights {
 public:
  static constexpr std::int64_t together = 4 / sizeof(Weight);

  DenseWeights(const FixedConv2dPlan& plan, const OutputPlanes& planes, std::int64_t piece_inputs,
               std::int64_t piece_length);
  const Weight* plane(std::int64_t plane) const { return weights_.get() + plane * rows_ * width_; }
  std::int64_t rows() const { return rows_; }  ///< padding included

 private:
  std::int64_t width_, rows_;
  hwy::AlignedFreeUniquePtr<Weight[]> weights_;
};

}  // namespace rheobase
