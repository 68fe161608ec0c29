#include "sim/op/synapse/row_planes.h"

#include <new>

namespace rheobase {
namespace {

// A plane should stay in the second-level cache while the pixels of a task walk over it.
constexpr std::int64_t plane_bytes = 320 << 10;

std::int64_t plane_width(SignalType input, std::int64_t channels, std::int64_t rows) {
  if (channels <= 16) return 16;
  if (input != SignalType::spikes || channels <= 32) return 32;
  const bool wide_fits = rows * 64 * static_cast<std::int64_t>(sizeof(float)) <= plane_bytes;
  return wide_fits ? 64 : 32;
}

}  // namespace

RowPlanes::RowPlanes(const Conv2dPlan& plan)
    : width_(plane_width(plan.input.type, plan.outputs_per_group(), plan.rows())),
      taps_(plan.rows()),
      outputs_per_group_(plan.outputs_per_group()),
      per_group_((outputs_per_group_ + width_ - 1) / width_) {
  const std::int64_t planes = plan.groups * per_group_;
  rows_ = hwy::AllocateAligned<float>(planes * taps_ * width_);
  bias_ = hwy::AllocateAligned<float>(planes * width_);
  if (!rows_ || !bias_) throw std::bad_alloc();
  for (std::int64_t plane = 0; plane < planes; ++plane) {
    const std::int64_t first = first_channel(plane);
    const std::int64_t valid = channels(plane);
    for (std::int64_t c = 0; c < width_; ++c) {
      bias_[plane * width_ + c] = c < valid ? plan.bias[first + c] : 0.0F;
      for (std::int64_t r = 0; r < taps_; ++r)
        rows_[(plane * taps_ + r) * width_ + c] = c < valid ? plan.weight(first + c, r) : 0.0F;
    }
  }
}

}  // namespace rheobase
