#pragma once
// The few things that CUDA C++ has no portable words for: one matrix instruction, dynamic shared memory, and
// launches in a form that any C++ compiler reads. All inline PTX of the project is here; compiled by the host
// compiler, the emulator of the tests (tests/cuda/shim) stands in for it.
#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>

#include "sim/cuda/device/check.cuh"
#include "sim/cuda/device/stream.h"

namespace rheobase::cuda {

#if defined(__CUDACC__)
__device__ inline std::byte* dynamic_shared() {
  extern __shared__ __align__(16) std::byte memory[];
  return memory;
}

/// acc[m][n] += a[m] * b[n]: MT x NT products of 16 x 32 by 32 x 8 signed bytes with int32 sums, one warp
/// together. Which thread holds what is PTX's layout of mma.m16n8k32 (docs/reference/cuda.md). A sum that
/// leaves int32 wraps; plans prove that none does.
template <int MT, int NT>
__device__ inline void mma_s8(std::int32_t (&acc)[MT][NT][4], const std::uint32_t (&a)[MT][4],
                              const std::uint32_t (&b)[NT][2]) {
#pragma unroll
  for (int m = 0; m < MT; ++m) {
#pragma unroll
    for (int n = 0; n < NT; ++n) {
      asm volatile(
          "mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, "
          "{%0,%1,%2,%3};"
          : "+r"(acc[m][n][0]), "+r"(acc[m][n][1]), "+r"(acc[m][n][2]), "+r"(acc[m][n][3])
          : "r"(a[m][0]), "r"(a[m][1]), "r"(a[m][2]), "r"(a[m][3]), "r"(b[n][0]), "r"(b[n][1]));
    }
  }
}
#else
inline std::byte* dynamic_shared() { return emulator::dynamic_shared(); }

template <int MT, int NT>
void mma_s8(std::int32_t (&acc)[MT][NT][4], const std::uint32_t (&a)[MT][4],
            const std::uint32_t (&b)[NT][2]) {
  emulator::mma_s8(MT, NT, &acc[0][0][0], &a[0][0], &b[0][0]);
}
#endif

/// Sum over a warp of numbers of 64 bits; for every lane.
__device__ inline std::uint64_t add_over_warp(std::uint64_t value) {
  for (int distance = 16; distance > 0; distance /= 2) value += __shfl_xor_sync(0xffffffffU, value, distance);
  return value;
}

__device__ inline void atomic_add(std::uint64_t* to, std::uint64_t value) {
  static_assert(sizeof(unsigned long long) == sizeof(std::uint64_t));
  atomicAdd(reinterpret_cast<unsigned long long*>(to), static_cast<unsigned long long>(value));
}

struct Launch {
  StreamHandle stream = nullptr;
  dim3 grid = 1;
  unsigned threads = 0;
  std::size_t shared_bytes = 0;
};

/// kernel<<<grid, threads, shared_bytes, stream>>>(args...)
template <class... Parameters, class... Arguments>
void launch(const Launch& how, void (*kernel)(Parameters...), const Arguments&... arguments) {
  cudaLaunchConfig_t config{};
  config.gridDim = how.grid;
  config.blockDim = dim3(how.threads);
  config.dynamicSmemBytes = how.shared_bytes;
  config.stream = how.stream;
  check(cudaLaunchKernelEx(&config, kernel, static_cast<Parameters>(arguments)...), "the launch of a kernel");
}

}  // namespace rheobase::cuda
