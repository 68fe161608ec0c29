#pragma once

#include <cstdint>

namespace rheobase {

// Vector kernels over words of spikes, shared by both arithmetics.

/// How many bits are set.
std::uint64_t count_spikes(const std::uint64_t* words, std::int64_t count);

/// counts[c] += the pixels of `words` words each whose channel c is set; 64 counts a word.
void count_by_channel(const std::uint64_t* bits, std::int64_t pixels, std::int64_t words,
                      std::uint32_t* counts);

/// Sum of weight[64 w + b] over the set bits b of every word w; no weight exceeds `most`.
std::uint64_t weigh_spikes(const std::uint64_t* words, std::int64_t count, const std::uint16_t* weight,
                           std::uint16_t most);

/// Pixels of `words` words each, and how many bits of each pixel are channels.
struct SpikePixels {
  const std::uint64_t* bits;
  std::int64_t words, pixels, channels;
};
/// Channels as bytes 0 and 1, pixel by pixel. Writes up to 63 bytes beyond the last.
void spread_spikes(const SpikePixels& spikes, std::uint8_t* out);

/// sums[p * width + c] += shift[c], and scale[c] where bit c of words[p * word_stride] is set; width 16, 32
/// or 64.
void add_where_spiked(const std::uint64_t* words, std::int64_t word_stride, std::int64_t pixels,
                      const std::int32_t* scale, const std::int32_t* shift, std::int64_t width,
                      std::int32_t* sums);

}  // namespace rheobase
