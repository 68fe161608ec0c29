#pragma once

#include <hwy/aligned_allocator.h>

#include <algorithm>
#include <vector>

#include "binarize/bits/bit_weights.h"
#include "binarize/ops/bit_rows.h"

namespace rheobase {

/// Binary weights in the order in which sum_bits() reads them, in planes of 16, 32 or 64 output channels.
class BitPlanes {
 public:
  BitPlanes(const BitWeights& weights, const BitCoding& coding);

  std::int64_t count() const { return (outputs_ + width_ - 1) / width_; }
  std::int64_t width() const { return width_; }
  std::int64_t channels(std::int64_t plane) const { return std::min(width_, outputs_ - plane * width_); }
  BitPlane plane(std::int64_t index) const { return {bytes_.get() + index * plane_bytes_, width_}; }
  /// How many weights of a tap are +1, one number a channel of the plane.
  const std::int32_t* ones(std::int64_t plane, std::int64_t tap) const {
    return ones_.data() + (plane * taps_ + tap) * width_;
  }

 private:
  void pack_table(const BitWeights& weights, std::int64_t channel);
  void pack_words(const BitWeights& weights, std::int64_t channel);

  std::int64_t outputs_, taps_, width_, steps_, plane_bytes_;
  hwy::AlignedFreeUniquePtr<std::byte[]> bytes_;  // [plane][step][width] codes of weights
  std::vector<std::int32_t> ones_;                // [plane][tap][width]
};

}  // namespace rheobase
