#include "sim/op/synapse/patches.h"

#include <algorithm>
#include <cstring>

#include "sim/op/synapse/row_kernels.h"

namespace rheobase {

Patches::Patches(const Conv2dGeometry& geometry)
    : geometry_(geometry),
      whole_rows_(geometry.groups == 1 && geometry.window.dilation[1] == 1 && !geometry.input.is_bits()),
      whole_words_(geometry.groups == 1 &&
                   (geometry.input.type == SignalType::spikes || geometry.input.shape.channels % 64 == 0)) {}

float* Patches::gather(const SignalView& input, std::int64_t group, const Piece& piece, float* patch) const {
  for (std::int64_t pixel = piece.begin; pixel < piece.end; ++pixel, patch += geometry_.rows()) {
    if (whole_rows_) {
      gather_kernel_rows(input.real(piece.lane), pixel, patch);
    } else {
      gather_taps(input, group, piece.lane, pixel, patch);
    }
  }
  return patch;
}

void Patches::gather_taps(const SignalView& input, std::int64_t group, int lane, std::int64_t pixel,
                          float* patch) const {
  const std::int64_t channels = geometry_.inputs_per_group();
  const std::int64_t words = geometry_.input.words_per_pixel();
  const float clear = geometry_.input.type == SignalType::signs ? -1.0F : 0.0F;
  const std::int64_t width = geometry_.output.width;
  geometry_.for_taps(pixel / width, pixel % width, [&](std::int64_t from, std::int64_t row) {
    if (!geometry_.input.is_bits()) {
      const float* source = input.real(lane) + from * geometry_.input.shape.channels + group * channels;
      std::memcpy(patch + row, source, static_cast<std::size_t>(channels) * sizeof(float));
      return;
    }
    const std::uint64_t* bits = input.spikes(lane) + from * words;
    if (whole_words_) {
      spread_bits(bits, words, clear, patch + row);
      return;
    }
    for (std::int64_t ic = 0; ic < channels; ++ic) {
      const std::int64_t c = group * channels + ic;
      patch[row + ic] = (bits[c / 64] >> (c % 64) & 1U) != 0 ? 1.0F : clear;
    }
  });
}

// One pixel's values where those of a kernel row lie side by side.
void Patches::gather_kernel_rows(const float* image, std::int64_t pixel, float* patch) const {
  const Window& w = geometry_.window;
  const ImageShape& shape = geometry_.input.shape;
  const std::int64_t top = pixel / geometry_.output.width * w.stride[0] - w.padding[0];
  const std::int64_t left = pixel % geometry_.output.width * w.stride[1] - w.padding[1];
  const std::int64_t first = std::max<std::int64_t>(0, -left);
  const std::int64_t last = std::min(w.kernel[1], shape.width - left);
  if (first >= last) return;
  for (std::int64_t ky = 0; ky < w.kernel[0]; ++ky) {
    const std::int64_t y = top + ky * w.dilation[0];
    if (y < 0 || y >= shape.height) continue;
    std::copy_n(image + (y * shape.width + left + first) * shape.channels, (last - first) * shape.channels,
                patch + (ky * w.kernel[1] + first) * shape.channels);
  }
}

}  // namespace rheobase
