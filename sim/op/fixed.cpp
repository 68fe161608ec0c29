#include "sim/op/fixed.h"

#include <limits>

namespace rheobase {

SignalSpec current_spec(const std::string& node, const ImageShape& shape, std::int64_t low,
                        std::int64_t high) {
  using Limits = std::numeric_limits<std::int32_t>;
  if (low < Limits::min() || high > Limits::max()) {
    throw InputError("graph", node,
                     "fixed arithmetic may overflow: the sums of this node reach from " +
                         std::to_string(low) + " to " + std::to_string(high) + ", beyond 32 bits");
  }
  SignalSpec spec{SignalType::int32, shape, {1.0F}, false};
  spec.low = low;
  spec.high = high;
  return spec;
}

std::vector<std::int32_t> integers_per_channel(const Tensor& tensor, std::int64_t channels) {
  std::vector<std::int32_t> integers;
  for (std::int64_t c = 0; c < channels; ++c)
    integers.push_back(static_cast<std::int32_t>(tensor.of_channel(c)));
  return integers;
}

const std::int32_t* pixel_integers(const SignalSpec& spec, const SignalView& view, int lane,
                                   std::int64_t pixel, std::int32_t* scratch) {
  const std::int64_t channels = spec.shape.channels;
  switch (spec.type) {
    case SignalType::int32:
      return view.int32(lane) + pixel * channels;
    case SignalType::int16: {
      const std::int16_t* values = view.int16(lane) + pixel * channels;
      std::copy(values, values + channels, scratch);
      return scratch;
    }
    case SignalType::spikes: {
      const std::int64_t words = spec.words_per_pixel();
      std::fill(scratch, scratch + channels, 0);
      for_set_bits(view.spikes(lane) + pixel * words, words, [&](std::int64_t c) { scratch[c] = 1; });
      return scratch;
    }
    case SignalType::real32:
    case SignalType::signs:
      break;
  }
  throw InternalError("a signal of fixed arithmetic holds reals");
}

}  // namespace rheobase
