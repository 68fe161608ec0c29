#include "sim/op/synapse/fixed_weights.h"

#include <algorithm>
#include <new>

namespace rheobase {
namespace {

template <class T>
hwy::AlignedFreeUniquePtr<T[]> allocate(std::int64_t count) {
  auto memory = hwy::AllocateAligned<T>(static_cast<std::size_t>(count));
  if (!memory) throw std::bad_alloc();
  return memory;
}

// The weight of a plane's column; columns beyond the last channel are 0.
std::int32_t column_weight(const FixedConv2dPlan& plan, const OutputPlanes& planes, std::int64_t plane,
                           std::int64_t column, std::int64_t row) {
  if (column >= planes.channels(plane)) return 0;
  return plan.weight(planes.first_channel(plane) + column, row);
}

}  // namespace

OutputPlanes::OutputPlanes(const FixedConv2dPlan& plan)
    : channels_(plan.outputs_per_group()),
      groups_(plan.groups),
      width_(channels_ <= 16   ? 16
             : channels_ <= 32 ? 32
                               : 64),
      per_group_((channels_ + width_ - 1) / width_) {}

std::int64_t OutputPlanes::channels(std::int64_t plane) const {
  return std::min(width_, channels_ - plane % per_group_ * width_);
}

EventWeights::EventWeights(const FixedConv2dPlan& plan, const OutputPlanes& planes, const EventLister& lister)
    : width_(planes.width()) {
  if (!lister.possible()) return;
  for (std::int64_t block = 0; block < lister.blocks(); ++block)
    first_row_.push_back(lister.first_row(block) + block);
  plane_rows_ = plan.rows() + lister.blocks();
  rows_ = allocate<std::uint8_t>(planes.count() * plane_rows_ * width_);
  std::uint8_t* row_bytes = rows_.get();
  for (std::int64_t plane = 0; plane < planes.count(); ++plane) {
    for (std::int64_t block = 0; block < lister.blocks(); ++block) {
      for (std::int64_t row = lister.first_row(block); row <= lister.first_row(block + 1); ++row) {
        const bool zero_row = row == lister.first_row(block + 1);
        for (std::int64_t c = 0; c < width_; ++c) {
          const std::int32_t weight = zero_row ? 0 : column_weight(plan, planes, plane, c, row);
          row_bytes[event_byte(width_, c)] = event_value(weight);
        }
        row_bytes += width_;
      }
    }
  }
}

EventPlane EventWeights::block(std::int64_t plane, std::int64_t block) const {
  return {rows_.get() + (plane * plane_rows_ + first_row_[block]) * width_, width_};
}

template <class Weight>
DenseWeights<Weight>::DenseWeights(const FixedConv2dPlan& plan, const OutputPlanes& planes,
                                   std::int64_t piece_inputs, std::int64_t piece_length)
    : width_(planes.width()), rows_(plan.rows() / piece_inputs * piece_length) {
  weights_ = allocate<Weight>(planes.count() * rows_ * width_);
  Weight* next = weights_.get();
  for (std::int64_t plane = 0; plane < planes.count(); ++plane) {
    for (std::int64_t row = 0; row < rows_; row += together) {
      for (std::int64_t c = 0; c < width_; ++c) {
        for (std::int64_t k = row; k < row + together; ++k) {
          const std::int64_t piece = k / piece_length, place = k % piece_length;
          const bool padding = place >= piece_inputs;
          *next++ =
              padding
                  ? Weight{0}
                  : static_cast<Weight>(column_weight(plan, planes, plane, c, piece * piece_inputs + place));
        }
      }
    }
  }
}

template class DenseWeights<std::int8_t>;
template class DenseWeights<std::int16_t>;

}  // namespace rheobase
