#include "binarize/bits/bit_weights.h"

namespace rheobase {

BitWeights::BitWeights(const Shape& shape, const Signs& signs)
    : outputs(shape.at(0)), channels(shape.at(1)), taps(element_count(shape) / (outputs * channels)) {
  words.assign(static_cast<std::size_t>(outputs * taps * words_per_tap()), 0);
  for (std::int64_t oc = 0; oc < outputs; ++oc) {
    for (std::int64_t c = 0; c < channels; ++c) {
      for (std::int64_t t = 0; t < taps; ++t) {
        if (signs[(oc * channels + c) * taps + t] < 0) continue;
        words[(oc * taps + t) * words_per_tap() + c / 64] |= std::uint64_t{1} << (c % 64);
      }
    }
  }
}

}  // namespace rheobase
