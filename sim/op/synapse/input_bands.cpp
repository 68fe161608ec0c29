#include "sim/op/synapse/input_bands.h"

#include <algorithm>
#include <type_traits>

#include "sim/op/host/spike_bits.h"

namespace rheobase {
namespace {

// Pixels that a window spans along one axis.
std::int64_t extent(const Window& window, int axis) {
  return (window.kernel[axis] - 1) * window.dilation[axis] + 1;
}

// What converting a row, and reading its last piece, may touch behind it.
constexpr std::int64_t slack = 64;

}  // namespace

template <class Number>
InputBands<Number>::InputBands(const Conv2dGeometry& geometry, Number zero)
    : input_(geometry.input),
      window_(geometry.window),
      output_width_(geometry.output.width),
      channels_(geometry.inputs_per_group()),
      groups_(geometry.groups),
      row_(((output_width_ - 1) * window_.stride[1] + extent(window_, 1)) * channels_),
      zero_(zero) {
  constexpr std::int64_t together = 4 / sizeof(Number);
  const bool whole_rows = window_.dilation[1] == 1;
  piece_inputs_ = whole_rows ? window_.kernel[1] * channels_ : channels_;
  piece_length_ = (piece_inputs_ + together - 1) / together * together;
  for (std::int64_t ky = 0; ky < window_.kernel[0]; ++ky) {
    for (std::int64_t kx = 0; kx < (whole_rows ? 1 : window_.kernel[1]); ++kx)
      offsets_.push_back(ky * window_.dilation[0] * row_ + kx * window_.dilation[1] * channels_);
  }
}

template <class Number>
std::int64_t InputBands<Number>::size(std::int64_t pixels) const {
  // The pixels may begin in the middle of a row.
  const std::int64_t rows = (pixels + output_width_ - 2) / output_width_ + 1;
  return ((rows - 1) * window_.stride[0] + extent(window_, 0)) * row_ + slack;
}

template <class Number>
void InputBands<Number>::fill(const SignalView& input, const Span& span, Number* band) const {
  const std::int64_t first_y = span.begin / output_width_, last_y = (span.end - 1) / output_width_;
  // Where all pixels lie in one row of the output, the columns under them are enough.
  std::int64_t begin = 0, end = row_ / channels_;
  if (first_y == last_y) {
    begin = span.begin % output_width_ * window_.stride[1];
    end = (span.end - 1) % output_width_ * window_.stride[1] + extent(window_, 1);
  }
  const std::int64_t left = window_.padding[1];
  const std::int64_t inside = std::clamp(left, begin, end);
  const std::int64_t outside = std::clamp(input_.shape.width + left, inside, end);
  const std::int64_t rows = (last_y - first_y) * window_.stride[0] + extent(window_, 0);
  for (std::int64_t r = 0; r < rows; ++r, band += row_) {
    const std::int64_t y = first_y * window_.stride[0] - window_.padding[0] + r;
    if (y < 0 || y >= input_.shape.height) {
      std::fill(band + begin * channels_, band + end * channels_, zero_);
      continue;
    }
    std::fill(band + begin * channels_, band + inside * channels_, zero_);
    convert(input, span, {y, inside - left, outside - left}, band + inside * channels_);
    std::fill(band + outside * channels_, band + end * channels_, zero_);
  }
}

template <class Number>
void InputBands<Number>::find_places(const Number* band, std::int64_t begin, std::int64_t first,
                                     std::int64_t count, const Number** places) const {
  const std::int64_t right = window_.stride[1] * channels_, down = window_.stride[0] * row_;
  const Number* row = band + (first / output_width_ - begin / output_width_) * down;
  std::int64_t x = first % output_width_;
  for (std::int64_t p = 0; p < count; ++p) {
    places[p] = row + x * right;
    if (++x < output_width_) continue;
    x = 0;
    row += down;
  }
}

template <class Number>
void InputBands<Number>::convert(const SignalView& input, const Span& span, const Columns& columns,
                                 Number* out) const {
  const std::int64_t pixel = columns.y * input_.shape.width + columns.first;
  const std::int64_t pixels = columns.last - columns.first;
  // Neighbouring pixels' channels of one group among several are not side by side.
  const std::int64_t run = groups_ == 1 ? pixels * channels_ : channels_;
  const auto copy = [&](const auto* signal) {
    signal += pixel * input_.shape.channels + span.group * channels_;
    for (std::int64_t done = 0; done < pixels * channels_; done += run, signal += input_.shape.channels) {
      if constexpr (std::is_same_v<decltype(signal), const std::int16_t*> && sizeof(Number) == 1)
        shorts_as_bytes(signal, run, zero_, out + done);
      else
        std::transform(signal, signal + run, out + done,
                       [&](auto value) { return static_cast<Number>(value + zero_); });
    }
  };
  if (input_.type == SignalType::int16) return copy(input.int16(span.lane));
  if (input_.type == SignalType::int32) return copy(input.int32(span.lane));
  const std::int64_t words = input_.words_per_pixel();
  const std::uint64_t* bits = input.spikes(span.lane) + pixel * words;
  if constexpr (sizeof(Number) == 1) {
    if (groups_ == 1) return spread_spikes({bits, words, pixels, channels_}, out);
  }
  for (std::int64_t p = 0; p < pixels; ++p, bits += words) {
    for (std::int64_t c = span.group * channels_; c < (span.group + 1) * channels_; ++c)
      *out++ = static_cast<Number>(bits[c / 64] >> (c % 64) & 1U);
  }
}

template class InputBands<std::uint8_t>;
template class InputBands<std::int16_t>;

}  // namespace rheobase
