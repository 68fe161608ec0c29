#include "sim/engine/spike_count.h"

#include <bit>

#include "sim/core/hash.h"
#include "sim/op/spike_bits.h"

namespace rheobase {

std::uint64_t count_spikes(const SignalSpec& spec, const std::uint64_t* words) {
  return count_spikes(words, spec.shape.pixels() * spec.words_per_pixel());
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
