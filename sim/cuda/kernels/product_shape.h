#pragma once

#include <cstdint>
#include <vector>

#include "sim/op/synapse/fixed_conv2d_plan.h"

namespace rheobase::cuda {

/// What the tensor cores multiply: a bit, or a byte, for each number that a synapse reads.
enum class ProductForm {
  bits,  ///< spikes, expanded to bytes in registers
  bytes  ///< numbers from -128 to 127
};

/// A convolution, or a Linear, as a product of matrices: an output pixel's row of K numbers, tap by tap and
/// channel by channel, by the weights of all output channels. K is cut into units of 32, the depth of one
/// matrix instruction.
struct ProductShape {
  ProductShape() = default;
  explicit ProductShape(const FixedConv2dPlan& plan);

  std::int32_t height = 0, width = 0, channels = 0;  ///< of the input
  std::int32_t kernel_h = 1, kernel_w = 1, stride_h = 1, stride_w = 1;
  std::int32_t pad_top = 0, pad_left = 0, dilation_h = 1, dilation_w = 1;
  std::int32_t out_pixels = 0, out_width = 0, out_channels = 0;
  std::int32_t rows = 0;   ///< K
  std::int32_t units = 0;  ///< of 32 of them, the last filled with zeros
  std::int32_t shift = 0;  ///< of the sums, to the right
};

inline constexpr int unit_rows = 32;

/// Channel, within a group of 16, of column `n` of matrix instruction `j`: a thread's four sums of two
/// instructions are neighbours.
constexpr int channel_of(int j, int n) { return j / 2 * 16 + n / 2 * 4 + j % 2 * 2 + n % 2; }

/// The row of a unit that row `k` of an instruction multiplies. Bytes lie as they are; of a word of bits a
/// thread takes every eighth, so that a shift and a mask make four bytes of them.
constexpr int row_of(ProductForm form, int k) {
  return form == ProductForm::bytes ? k : k % 4 * 8 + k % 16 / 4 + k / 16 * 4;
}

/// Weights in the order in which a warp reads them:
/// [block of 8 * nt channels][unit][pair of instructions][lane] of 16 bytes; zeros beyond rows and channels.
std::vector<std::uint32_t> pack_weights(const FixedConv2dPlan& plan, ProductForm form, int nt);

/// Output channels rounded up to whole blocks.
constexpr int padded_channels(int channels, int nt) { return (channels + 8 * nt - 1) / (8 * nt) * 8 * nt; }

}  // namespace rheobase::cuda
