#pragma once

#include <cstdint>
#include <vector>

namespace rheobase::testing {

// What kernels are made of (sim/cuda/device/device_ops.cuh), each in a kernel of one warp.

/// c + a * b: 16 x 32 by 32 x 32 bytes, rows one after the other.
std::vector<std::int32_t> multiply_on_device(const std::vector<std::int8_t>& a,
                                             const std::vector<std::int8_t>& b,
                                             const std::vector<std::int32_t>& c);
/// The sum of 32 numbers, as each lane has it.
std::vector<std::uint64_t> sums_on_device(const std::vector<std::uint64_t>& numbers);
/// 128 numbers in opposite order, handed on through shared memory.
std::vector<std::int32_t> reversed_on_device(const std::vector<std::int32_t>& numbers);

}  // namespace rheobase::testing
