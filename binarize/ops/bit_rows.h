#pragma once

#include <cstdint>
#include <span>

namespace rheobase {

// Vector kernels of binary products. Of a pixel with input bits x under weight bits w they count the products
// that are -1: x ^ w where a clear input bit is -1, x & ~w where it is 0 (a spike that is absent).

/// What a clear input bit stands for.
enum class BitInput {
  signs,  ///< -1
  spikes  ///< 0
};

/// How bits are counted. table: four bits of input at a time; a row of 16 bytes holds the count for each four
/// bits of weight, and one shuffle looks it up for as many output channels as a vector has bytes. words: the
/// processor's own count of bits in 64-bit words. The results are the same.
enum class CountMethod { table, words };

/// What is faster with the instructions chosen at run time: words where they count bits (VPOPCNTDQ).
CountMethod preferred_count_method();
/// Of the instructions chosen at run time, for tests and benchmarks.
const char* bit_rows_target();

/// Inputs are coded before they are counted. table: 16-bit offsets of table rows, for each pixel the low four
/// bits of its bytes, then the high ones. words: the words themselves. A step is one code of input and the
/// weights that meet it: [step][width] bytes of four weight bits each, or [step][width] words. In a row of
/// bytes, byte 2j belongs to channel j and byte 2j + 1 to channel width / 2 + j.
struct BitCoding {
  CountMethod method = CountMethod::table;
  BitInput input = BitInput::signs;
  std::int64_t channels = 0;  ///< of a pixel

  std::int64_t steps() const {
    return method == CountMethod::table ? 2 * ((channels + 7) / 8) : (channels + 63) / 64;
  }
  std::int64_t code_bytes() const { return method == CountMethod::table ? 2 : 8; }
  std::int64_t weight_bytes() const { return method == CountMethod::table ? 1 : 8; }
  std::int64_t pixel_bytes() const { return steps() * code_bytes(); }
  /// encode() may write this far beyond the last pixel.
  static constexpr std::int64_t slack_bytes = 64;
};

/// Codes of `pixels` pixels, from their words.
void encode_bits(const BitCoding& coding, const std::uint64_t* words, std::int64_t pixels, std::byte* codes);
/// Codes of pixels that lie in the padding. table: nothing is counted. words: as if all bits were clear;
/// signs then count the +1 among the weights.
void encode_padding(const BitCoding& coding, std::int64_t pixels, std::byte* codes);

/// Codes that lie side by side, from so many steps behind a pixel's first code.
struct CodeRun {
  std::int64_t first = 0;
  std::int64_t steps = 0;
};

/// Output channels of a plane of weights that are computed together: 16, 32 or 64.
struct BitPlane {
  const std::byte* weights = nullptr;  ///< of the steps of all runs, one after the other
  std::int64_t width = 0;
};

/// Output pixels to sum.
struct BitPixels {
  const std::byte* const* codes = nullptr;  ///< where each one's codes begin
  const std::int32_t* start = nullptr;      ///< what each one's sums begin with
  std::int32_t* sums = nullptr;             ///< [pixel][width]
};

/// sums[p][c] = start[p] - 2 * count, for `count` pixels. At most max_bit_fan_in inputs may meet in a sum.
void sum_bits(const BitCoding& coding, const BitPlane& plane, std::span<const CodeRun> runs,
              const BitPixels& pixels, std::int64_t count);
inline constexpr std::int64_t max_bit_fan_in = 65532;

}  // namespace rheobase
