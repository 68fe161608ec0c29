#pragma once

#include <memory>

#include "sim/op/kernel.h"

namespace rheobase {

// Ops whose one plain implementation serves the reference and the cpu device; sums have the order of the
// loops.
std::unique_ptr<Kernel> make_affine(const KernelContext& context);
std::unique_ptr<Kernel> make_add(const KernelContext& context);  ///< Add, and Output as the sum of one
std::unique_ptr<Kernel> make_avg_pool2d(const KernelContext& context);
std::unique_ptr<Kernel> make_max_pool2d(const KernelContext& context);
std::unique_ptr<Kernel> make_rearrange(const KernelContext& context);  ///< Flatten, Slice, Pad, Concat

// Conv2d, and Linear as a 1x1 convolution of a 1x1 image.
std::unique_ptr<Kernel> make_conv2d_reference(const KernelContext& context);
std::unique_ptr<Kernel> make_conv2d_cpu(const KernelContext& context);

// The same in fixed arithmetic (docs/reference/arithmetic.md); make_rearrange serves both.
std::unique_ptr<Kernel> make_fixed_affine(const KernelContext& context);
std::unique_ptr<Kernel> make_fixed_add(const KernelContext& context);
std::unique_ptr<Kernel> make_fixed_avg_pool2d(const KernelContext& context);
std::unique_ptr<Kernel> make_fixed_max_pool2d(const KernelContext& context);
std::unique_ptr<Kernel> make_fixed_conv2d_reference(const KernelContext& context);
std::unique_ptr<Kernel> make_fixed_conv2d_cpu(const KernelContext& context);

}  // namespace rheobase
