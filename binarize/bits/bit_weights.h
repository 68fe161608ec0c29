#pragma once

#include <cstdint>
#include <vector>

#include "sim/graph/tensor.h"

namespace rheobase {

/// The one bit convention: a set bit is +1, a clear one -1; channel c of a pixel is bit c % 64 of its word
/// c / 64, as in signals (sim/op/signal.h); bits beyond the last channel are clear.

/// The binary weights of a convolution, {O, C, kh, kw} of +-1, packed along the input channels.
struct BitWeights {
  /// `signs` in row-major order.
  BitWeights(const Shape& shape, const Signs& signs);

  std::int64_t words_per_tap() const { return (channels + 63) / 64; }
  /// The words of one tap (ky * kw + kx) of output channel `oc`.
  const std::uint64_t* tap(std::int64_t oc, std::int64_t index) const {
    return words.data() + (oc * taps + index) * words_per_tap();
  }

  std::int64_t outputs;
  std::int64_t channels;
  std::int64_t taps;
  std::vector<std::uint64_t> words;  ///< [O][taps][words_per_tap]
};

}  // namespace rheobase
