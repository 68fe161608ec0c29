#pragma once

#include <cstdint>

#include "sim/op/host/scratch_memory.h"
#include "sim/op/synapse/conv2d_plan.h"
#include "sim/op/synapse/row_kernels.h"
#include "sim/op/synapse/strips.h"

namespace rheobase {

/// Lists, for each output position, what it adds of real numbers most of which are 0 (SignalSpec::sparse):
/// the weight rows of those that are not, and the numbers, in row order. Float32 arithmetic, cpu.
class RealEventLister {
 public:
  /// Keeps no reference to the geometry.
  explicit RealEventLister(const Conv2dGeometry& geometry);

  /// False where the input is not sparse, or the taps of a kernel row do not lie side by side.
  bool possible() const { return possible_; }

  /// Lists as sum_valued_rows() takes them.
  struct Lists {
    std::uint32_t* rows;
    float* values;
    std::int64_t* first;
    std::int64_t positions = 0;  ///< listed so far

    ValuedEvents events() const { return {rows, values, first}; }
  };
  /// Memory for the lists of some positions.
  Lists take(ScratchMemory& scratch, std::int64_t positions) const;
  /// Appends the lists of a piece of an image.
  void append(const float* image, const Piece& piece, ScratchMemory scratch, Lists& lists) const;
  /// Memory that take() and append() use up.
  std::size_t scratch_bytes(std::int64_t positions) const;

 private:
  // Rows [top, bottom) of the image.
  struct Band {
    std::int64_t top, bottom;
  };
  // What of them is not 0: entry (y, x, c) is numbered x * channels + c, and those of pixel (y, x) begin at
  // first[(y - top) * (width + 1) + x].
  struct Entries {
    std::uint32_t* places;
    float* values;
    std::int64_t* first;
  };

  Band band_of(const Piece& piece) const;
  void list_band(const float* image, const Band& band, const Entries& entries) const;
  void append_window(const Band& band, const Entries& entries, std::int64_t pixel, Lists& lists) const;

  ImageShape input_, output_;
  Window window_;
  std::int64_t rows_;
  bool possible_;
};

}  // namespace rheobase
