#pragma once

#include <string>
#include <vector>

#include "sim/op/host/host_loops.h"

namespace rheobase {

// Fixed arithmetic (docs/reference/arithmetic.md): what its kernels share.

/// The spec of currents with these bounds. Throws InputError naming the node where they leave int32.
SignalSpec current_spec(const std::string& node, const ImageShape& shape, std::int64_t low,
                        std::int64_t high);

/// The right shift of a synapse's sums, and half of 2^bits that is added before.
struct FixedShift {
  explicit FixedShift(const Node& node)
      : bits(static_cast<int>(node.integer("shift", 0))),
        rounding(bits > 0 ? std::int32_t{1} << (bits - 1) : 0) {}

  int bits;
  std::int32_t rounding;
};

/// One integer a channel from a tensor with one value or one a channel; a default may be a whole real.
std::vector<std::int32_t> integers_per_channel(const Tensor& tensor, std::int64_t channels);

/// One pixel's integers: a pointer into the signal where it holds int32, else into `scratch` (C integers).
const std::int32_t* pixel_integers(const SignalSpec& spec, const SignalView& view, int lane,
                                   std::int64_t pixel, std::int32_t* scratch);

}  // namespace rheobase
