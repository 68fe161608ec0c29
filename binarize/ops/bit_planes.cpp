#include "binarize/ops/bit_planes.h"

#include <bit>
#include <cstring>
#include <new>

namespace rheobase {
namespace {

std::int64_t width_for(std::int64_t outputs) {
  if (outputs <= 16) return 16;
  return outputs <= 32 ? 32 : 64;
}

}  // namespace

BitPlanes::BitPlanes(const BitWeights& weights, const BitCoding& coding)
    : outputs_(weights.outputs),
      taps_(weights.taps),
      width_(width_for(weights.outputs)),
      steps_(coding.steps()),
      plane_bytes_(taps_ * steps_ * width_ * coding.weight_bytes()),
      ones_(static_cast<std::size_t>(count() * taps_ * width_), 0) {
  const auto bytes = static_cast<std::size_t>(count() * plane_bytes_);
  bytes_ = hwy::AllocateAligned<std::byte>(bytes);
  if (!bytes_) throw std::bad_alloc();
  std::memset(bytes_.get(), 0, bytes);
  for (std::int64_t oc = 0; oc < outputs_; ++oc) {
    if (coding.method == CountMethod::table) {
      pack_table(weights, oc);
    } else {
      pack_words(weights, oc);
    }
    for (std::int64_t tap = 0; tap < taps_; ++tap) {
      std::int32_t& ones = ones_[(oc / width_ * taps_ + tap) * width_ + oc % width_];
      for (std::int64_t w = 0; w < weights.words_per_tap(); ++w)
        ones += std::popcount(weights.tap(oc, tap)[w]);
    }
  }
}

// Four bits to a byte: of a tap's bytes the low halves, then the high ones.
void BitPlanes::pack_table(const BitWeights& weights, std::int64_t channel) {
  const std::int64_t column = channel % width_;
  const std::int64_t half = width_ / 2;
  const std::int64_t place = column < half ? 2 * column : 2 * (column - half) + 1;
  std::byte* out = bytes_.get() + channel / width_ * plane_bytes_ + place;
  const std::int64_t bytes = steps_ / 2;
  for (std::int64_t tap = 0; tap < taps_; ++tap) {
    const std::uint64_t* words = weights.tap(channel, tap);
    for (const int part : {0, 4}) {
      for (std::int64_t b = 0; b < bytes; ++b, out += width_)
        *out = static_cast<std::byte>(words[b / 8] >> (b % 8 * 8 + part) & 15U);
    }
  }
}

void BitPlanes::pack_words(const BitWeights& weights, std::int64_t channel) {
  auto* out =
      reinterpret_cast<std::uint64_t*>(bytes_.get() + channel / width_ * plane_bytes_) + channel % width_;
  for (std::int64_t tap = 0; tap < taps_; ++tap) {
    for (std::int64_t w = 0; w < steps_; ++w, out += width_) *out = weights.tap(channel, tap)[w];
  }
}

}  // namespace rheobase
