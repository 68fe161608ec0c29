#include "tests/cuda/primitives.h"

#include "sim/cuda/device/device_memory.h"
#include "sim/cuda/device/device_ops.cuh"

namespace rheobase::testing {
namespace {

using cuda::DeviceMemory;
using cuda::DeviceTable;

constexpr int columns = 32;

__device__ std::uint32_t byte_at(std::int8_t x, int i) {
  return static_cast<std::uint32_t>(static_cast<std::uint8_t>(x)) << (8 * i);
}

// Who holds what, as PTX's manual has it of mma.m16n8k32.
__global__ void multiply_kernel(const std::int8_t* a, const std::int8_t* b, std::int32_t* c) {
  const int g = static_cast<int>(threadIdx.x) / 4, t = static_cast<int>(threadIdx.x) % 4;
  std::uint32_t left[1][4] = {}, right[columns / 8][2] = {};
  std::int32_t sums[1][columns / 8][4];
  for (int i = 0; i < 4; ++i) {
    for (int part = 0; part < 4; ++part)
      left[0][part] |= byte_at(a[(g + part % 2 * 8) * 32 + t * 4 + i + part / 2 * 16], i);
    for (int n = 0; n < columns / 8; ++n) {
      for (int half = 0; half < 2; ++half)
        right[n][half] |= byte_at(b[(t * 4 + i + half * 16) * columns + n * 8 + g], i);
    }
  }
  for (int n = 0; n < columns / 8; ++n)
    for (int i = 0; i < 4; ++i) sums[0][n][i] = c[(g + i / 2 * 8) * columns + n * 8 + t * 2 + i % 2];
  cuda::mma_s8(sums, left, right);
  for (int n = 0; n < columns / 8; ++n)
    for (int i = 0; i < 4; ++i) c[(g + i / 2 * 8) * columns + n * 8 + t * 2 + i % 2] = sums[0][n][i];
}

__global__ void sum_kernel(std::uint64_t* numbers) {
  const std::uint64_t sum = cuda::add_over_warp(numbers[threadIdx.x]);
  numbers[threadIdx.x] = sum;
}

__global__ void reverse_kernel(std::int32_t* numbers) {
  auto* shared = reinterpret_cast<std::int32_t*>(cuda::dynamic_shared());
  shared[threadIdx.x] = numbers[threadIdx.x];
  __syncthreads();
  numbers[threadIdx.x] = shared[blockDim.x - 1 - threadIdx.x];
}

// `numbers` as a kernel that works on them in place leaves them.
template <class T, class Run>
std::vector<T> in_place(const std::vector<T>& numbers, const Run& run) {
  std::vector<T> result = numbers;
  const DeviceMemory memory(numbers.size() * sizeof(T));
  cuda::copy_to_device(memory.data(), numbers.data(), memory.size());
  const cuda::Stream stream;
  run(stream, memory.as<T>());
  stream.copy_to_host(result.data(), memory.data(), memory.size());
  stream.synchronize();
  return result;
}

}  // namespace

std::vector<std::int32_t> multiply_on_device(const std::vector<std::int8_t>& a,
                                             const std::vector<std::int8_t>& b,
                                             const std::vector<std::int32_t>& c) {
  DeviceTable left(a), right(b);
  left.upload();
  right.upload();
  return in_place(c, [&](const cuda::Stream& stream, std::int32_t* sums) {
    cuda::launch({stream.get(), 1, 32, 0}, multiply_kernel, left.data(), right.data(), sums);
  });
}

std::vector<std::uint64_t> sums_on_device(const std::vector<std::uint64_t>& numbers) {
  return in_place(numbers, [](const cuda::Stream& stream, std::uint64_t* at) {
    cuda::launch({stream.get(), 1, 32, 0}, sum_kernel, at);
  });
}

std::vector<std::int32_t> reversed_on_device(const std::vector<std::int32_t>& numbers) {
  return in_place(numbers, [&](const cuda::Stream& stream, std::int32_t* at) {
    const auto threads = static_cast<unsigned>(numbers.size());
    cuda::launch({stream.get(), 1, threads, numbers.size() * sizeof(std::int32_t)}, reverse_kernel, at);
  });
}

}  // namespace rheobase::testing
