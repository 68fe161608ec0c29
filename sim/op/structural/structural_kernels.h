#pragma once

#include <memory>

#include "sim/op/host/host_kernel.h"

namespace rheobase {

// Ops whose one plain implementation serves the reference and the cpu device; sums have the order of the
// loops.
MakeHostKernel make_affine;
MakeHostKernel make_add;  ///< Add, and Output as the sum of one
MakeHostKernel make_avg_pool2d;
MakeHostKernel make_avg_pool2d_cpu;  ///< of the cpu alone, where the input is real numbers
MakeHostKernel make_max_pool2d;
MakeHostKernel make_cumulative_max_pool2d;
MakeHostKernel make_cumulative_max_pool2d_cpu;  ///< on vectors, where the input is numbers
MakeHostKernel make_onset;
MakeHostKernel make_rearrange;  ///< Flatten, Slice, Pad, Concat

// Conv2d, and Linear as a 1x1 convolution of a 1x1 image.
MakeHostKernel make_conv2d_reference;
MakeHostKernel make_conv2d_cpu;
MakeHostKernel make_depthwise_conv2d_cpu;  ///< of small groups; make_conv2d_cpu chooses it

// The same in fixed arithmetic (docs/reference/arithmetic.md); make_rearrange serves both.
MakeHostKernel make_fixed_affine;
MakeHostKernel make_fixed_add;
MakeHostKernel make_fixed_avg_pool2d;
MakeHostKernel make_fixed_max_pool2d;
MakeHostKernel make_fixed_cumulative_max_pool2d;
MakeHostKernel make_fixed_cumulative_max_pool2d_cpu;
MakeHostKernel make_fixed_conv2d_reference;
MakeHostKernel make_fixed_conv2d_cpu;
MakeHostKernel make_fixed_depthwise_conv2d_cpu;  ///< of small groups; make_fixed_conv2d_cpu chooses it

}  // namespace rheobase
