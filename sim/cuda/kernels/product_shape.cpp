#include "sim/cuda/kernels/product_shape.h"

namespace rheobase::cuda {
namespace {

std::int32_t narrow(std::int64_t value) { return static_cast<std::int32_t>(value); }

// Four weights of one column, those of rows k to k + 3 of an instruction.
std::uint32_t four_weights(const FixedConv2dPlan& plan, ProductForm form, int unit, int k,
                           std::int64_t channel) {
  std::uint32_t word = 0;
  for (int i = 0; i < 4; ++i) {
    const std::int64_t row = std::int64_t{unit} * unit_rows + row_of(form, k + i);
    if (channel >= plan.output.channels || row >= plan.rows()) continue;
    word |= static_cast<std::uint32_t>(static_cast<std::uint8_t>(plan.weight(channel, row))) << (8 * i);
  }
  return word;
}

}  // namespace

ProductShape::ProductShape(const FixedConv2dPlan& plan)
    : height(narrow(plan.input.shape.height)),
      width(narrow(plan.input.shape.width)),
      channels(narrow(plan.input.shape.channels)),
      kernel_h(narrow(plan.window.kernel[0])),
      kernel_w(narrow(plan.window.kernel[1])),
      stride_h(narrow(plan.window.stride[0])),
      stride_w(narrow(plan.window.stride[1])),
      pad_top(narrow(plan.window.padding[0])),
      pad_left(narrow(plan.window.padding[1])),
      dilation_h(narrow(plan.window.dilation[0])),
      dilation_w(narrow(plan.window.dilation[1])),
      out_pixels(narrow(plan.output.pixels())),
      out_width(narrow(plan.output.width)),
      out_channels(narrow(plan.output.channels)),
      rows(narrow(plan.rows())),
      units((rows + unit_rows - 1) / unit_rows),
      shift(plan.shift.bits) {}

std::vector<std::uint32_t> pack_weights(const FixedConv2dPlan& plan, ProductForm form, int nt) {
  const ProductShape shape(plan);
  const int blocks = padded_channels(shape.out_channels, nt) / (8 * nt);
  std::vector<std::uint32_t> packed;
  packed.reserve(static_cast<std::size_t>(blocks) * shape.units * nt * 32 * 2);
  for (int block = 0; block < blocks; ++block) {
    for (int unit = 0; unit < shape.units; ++unit) {
      for (int pair = 0; pair < nt / 2; ++pair) {
        for (int lane = 0; lane < 32; ++lane) {
          for (int j = 2 * pair; j < 2 * pair + 2; ++j) {
            const std::int64_t channel = block * 8 * nt + channel_of(j, lane / 4);
            for (int half = 0; half < 2; ++half)
              packed.push_back(four_weights(plan, form, unit, 16 * half + lane % 4 * 4, channel));
          }
        }
      }
    }
  }
  return packed;
}

}  // namespace rheobase::cuda
