#pragma once

#include <cstdint>
#include <span>

namespace rheobase {

/// Weight rows of one plane of output channels: rows[r * width + c], one row a tap, `width` a multiple of 16.
/// 64-byte aligned; columns beyond the last channel are 0.
struct RowPlane {
  const float* rows;
  const float* bias;   ///< `width` numbers
  std::int64_t width;  ///< 16, 32 or 64
};

/// Indices of the set bits of `count` words, in ascending order, each plus `base`, written to `out`; returns
/// how many. Writes up to 8 entries beyond the last.
std::int64_t decode_spikes(const std::uint64_t* words, std::int64_t count, std::uint32_t base,
                           std::uint32_t* out);

/// Where a plane's results go: `valid` columns to pixels[p] + column for each position p.
struct RowOutputs {
  float* const* pixels;
  std::int64_t column;
  std::int64_t valid;  ///< 1 to the plane's width
};

/// A real number on its way to an output position by a weight row.
struct RowEvent {
  std::uint32_t position, row;
  float value;
};

/// Event-driven: out[p][c] = bias[c] + sum of rows[events[i]][c] for i in [first[p], first[p + 1]), in that
/// order.
void sum_event_rows(const RowPlane& plane, const std::uint32_t* events, const std::int64_t* first,
                    std::int64_t positions, const RowOutputs& out);

/// Event-driven, of real numbers: sums[p][c] = bias[c] + the sum of value * rows[row][c] over the events of
/// position p, in their order, each step one fused multiply-add. `sums` is [positions][width], 64-byte
/// aligned.
void add_rows(const RowPlane& plane, std::span<const RowEvent> events, std::int64_t positions, float* sums);

/// Dense: out[p][c] = bias[c] + sum over k of rows[k][c] * x[p * count + k], k
/// ascending, each step one fused multiply-add.
void multiply_rows(const RowPlane& plane, const float* x, std::int64_t count, std::int64_t positions,
                   const RowOutputs& out);

/// Density of spikes from which multiply_rows() is the faster of the two, as measured with synapse_bench
/// (docs/reference/performance.md). Decides about time only.
double dense_row_density();

/// One tap of neighbouring output positions: where the first position finds its inputs, and their weights,
/// both one number for each output channel.
struct DepthwiseTap {
  const float* inputs;
  const float* weights;
};

/// Output positions side by side that have the same taps.
struct DepthwiseRun {
  const DepthwiseTap* taps;
  std::int64_t tap_count;
  std::int64_t step;  ///< floats from the inputs of one position to those of the next
  const float* bias;
  std::int64_t channels;
  std::int64_t positions;
  float* out;  ///< [positions][channels]
};

/// out[p][c] = bias[c] + sum over the taps of weights[c] * inputs[p * step + c], in their order, each one
/// fused multiply-add.
void sum_depthwise(const DepthwiseRun& run);

/// Bits as floats, lowest first, 64 a word: 1 where a bit is set, else `clear`.
void spread_bits(const std::uint64_t* words, std::int64_t count, float clear, float* out);

/// Name of the instruction set the kernels run on here, as Highway calls it.
const char* row_kernel_target();

}  // namespace rheobase
