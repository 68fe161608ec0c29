#pragma once

#include <cstdint>

namespace rheobase {

/// Output positions side by side in one plane of output channels, `width` of them: 16, 32 or 64. A tap has
/// one input and one weight for each channel.
struct FixedDepthwiseRun {
  const std::int16_t* inputs;   ///< those of the first position and the plane's first channel
  const std::int64_t* taps;     ///< where a tap's inputs are, from there
  std::int64_t tap_count;       ///< a multiple of 2
  std::int64_t step;            ///< from the inputs of one position to those of the next
  const std::int16_t* weights;  ///< of the first tap and the plane's first channel, each an int8
  std::int64_t weight_step;     ///< from the weights of one tap to those of the next
  const std::int32_t* start;    ///< [width]
  int shift;
  std::int64_t width;
  std::int64_t positions;
};

/// out[p][c] = (start[c] + sum over the taps of weights * inputs) >> shift; out is [positions][width].
void sum_fixed_depthwise(const FixedDepthwiseRun& run, std::int32_t* out);

/// Bits as 0 and 1, lowest first, 64 a word.
void spread_spikes(const std::uint64_t* words, std::int64_t count, std::int16_t* out);

}  // namespace rheobase
