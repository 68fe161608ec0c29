#pragma once

#include <cstdint>
#include <vector>

#include "sim/op/kernel.h"
#include "sim/op/synapse/conv2d_plan.h"
#include "sim/op/synapse/fixed_rows.h"

namespace rheobase {

/// The rows of an image under some output pixels as multiply_dense() reads them: converted once, with what
/// lies beyond the image's edges written out, where gathering the windows would convert each input as often
/// as it has taps. Number is std::uint8_t (what a signal holds, plus `zero`) or std::int16_t.
template <class Number>
class InputBands {
 public:
  /// Keeps no reference to the geometry. `zero` is what stands for 0.
  InputBands(const Conv2dGeometry& geometry, Number zero);

  /// Inputs of one piece of a window: a row of the kernel, or one tap where it is dilated.
  std::int64_t piece_inputs() const { return piece_inputs_; }
  /// Where a window's pieces lie, each read in fours of bytes or pairs of 16-bit numbers: what is read beyond
  /// piece_inputs() is anything.
  InputPieces pieces() const {
    return {offsets_.data(), static_cast<std::int64_t>(offsets_.size()), piece_length_};
  }

  /// Output pixels [begin, end) of one lane and the channels of one group.
  struct Span {
    int lane;
    std::int64_t group, begin, end;
  };
  /// Numbers that a band over so many pixels takes at most.
  std::int64_t size(std::int64_t pixels) const;
  /// Writes the band over `span` to `band`.
  void fill(const SignalView& input, const Span& span, Number* band) const;
  /// Where the windows of the output pixels [first, first + count) begin in the band over [begin, ...).
  void find_places(const Number* band, std::int64_t begin, std::int64_t first, std::int64_t count,
                   const Number** places) const;

 private:
  // The columns [first, last) of an image's row.
  struct Columns {
    std::int64_t y, first, last;
  };
  void convert(const SignalView& input, const Span& span, const Columns& columns, Number* out) const;

  SignalSpec input_;
  Window window_;
  std::int64_t output_width_;
  std::int64_t channels_;  // of a group
  std::int64_t groups_;
  std::int64_t row_;  // numbers of a band's row
  std::int64_t piece_inputs_, piece_length_;
  Number zero_;
  std::vector<std::int64_t> offsets_;  // of a window's pieces
};

}  // namespace rheobase
