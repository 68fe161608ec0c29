#include "sim/engine/spike_count.h"

#include <algorithm>
#include <bit>

#include "sim/core/hash.h"
#include "sim/op/spike_bits.h"

namespace rheobase {

std::uint64_t count_events(const SignalSpec& spec, const SignalView& view, int lane) {
  if (spec.type == SignalType::spikes)
    return count_spikes(view.spikes(lane), spec.shape.pixels() * spec.words_per_pixel());
  std::uint64_t sum = 0;
  const std::int16_t* counts = view.int16(lane);
  for (std::int64_t i = 0; i < spec.shape.size(); ++i)
    sum += static_cast<std::uint64_t>(std::max<int>(0, counts[i]));
  return sum;
}

std::uint64_t hash_spikes(const SignalSpec& spec, const std::uint64_t* words, std::uint64_t prefix) {
  std::uint64_t hash = 0;
  const std::int64_t per_pixel = spec.words_per_pixel();
  for (std::int64_t w = 0; w < spec.shape.pixels() * per_pixel; ++w) {
    for (std::uint64_t rest = words[w]; rest != 0; rest &= rest - 1) {
      const std::int64_t channel = w % per_pixel * 64 + std::countr_zero(rest);
      hash += spike_hash_term(prefix, channel * spec.shape.pixels() + w / per_pixel, 1);
    }
  }
  return hash;
}

}  // namespace rheobase
