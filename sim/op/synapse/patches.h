#pragma once

#include "sim/op/synapse/conv2d_plan.h"
#include "sim/op/synapse/strips.h"

namespace rheobase {

/// What lies under the windows of output pixels, as floats in row order (conv2d_plan.h): one vector of rows()
/// a pixel. Float32 arithmetic.
class Patches {
 public:
  /// `geometry` outlives this.
  explicit Patches(const Conv2dGeometry& geometry);

  /// Writes the patches of a piece; what is padding is left as it is. Returns the end of what it wrote. Bits
  /// may write up to 64 floats beyond that.
  float* gather(const SignalView& input, std::int64_t group, const Piece& piece, float* patch) const;

 private:
  void gather_taps(const SignalView& input, std::int64_t group, int lane, std::int64_t pixel,
                   float* patch) const;
  void gather_kernel_rows(const float* image, std::int64_t pixel, float* patch) const;

  const Conv2dGeometry& geometry_;
  bool whole_rows_;   // a kernel row's inputs lie side by side
  bool whole_words_;  // bits are spread 64 at once; what lies beyond the last channel is 0, as padding is
};

}  // namespace rheobase
