#pragma once
// Stands in for NVIDIA's header where the tests compile .cu files with the host compiler: as much of the
// language and of the runtime as sim/cuda uses, over emulator.h. On the include path of the emulated library
// alone.
#include <algorithm>
#include <atomic>
#include <bit>
#include <cstdint>
#include <cstring>
#include <functional>
#include <utility>

#include "tests/cuda/shim/emulator.h"

#define __global__
#define __device__
#define __host__
#define __launch_bounds__(...)

struct dim3 {
  unsigned x = 1, y = 1, z = 1;
  constexpr dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_) {}
};
struct alignas(16) int4 {
  int x, y, z, w;
};
struct alignas(16) uint4 {
  unsigned x, y, z, w;
};

inline void __syncthreads() { emulator::sync_threads(); }

namespace emulator {

// in[i] and out[i] are a lane's value and result, of type T.
template <class T>
void exchange_xor(const void* const* in, void* const* out, unsigned mask, int distance) {
  T values[32] = {};
  for (int i = 0; i < 32; ++i)
    if (mask >> i & 1U) std::memcpy(&values[i], in[i], sizeof(T));
  for (int i = 0; i < 32; ++i)
    if (mask >> i & 1U) std::memcpy(out[i], &values[i ^ distance], sizeof(T));
}

inline void ballot(const void* const* in, void* const* out, unsigned mask, int /*argument*/) {
  unsigned bits = 0;
  for (int i = 0; i < 32; ++i)
    if ((mask >> i & 1U) != 0 && *static_cast<const int*>(in[i]) != 0) bits |= 1U << i;
  for (int i = 0; i < 32; ++i)
    if (mask >> i & 1U) std::memcpy(out[i], &bits, sizeof bits);
}

}  // namespace emulator

template <class T>
T __shfl_xor_sync(unsigned mask, T value, int distance) {
  T result{};
  emulator::collective("__shfl_xor_sync", mask, &value, &result, emulator::exchange_xor<T>, distance);
  return result;
}

inline unsigned __ballot_sync(unsigned mask, int predicate) {
  unsigned result = 0;
  emulator::collective("__ballot_sync", mask, &predicate, &result, emulator::ballot, 0);
  return result;
}

inline int __popc(unsigned x) { return std::popcount(x); }
inline int __ffs(int x) { return x == 0 ? 0 : std::countr_zero(static_cast<unsigned>(x)) + 1; }

template <class T>
T atomicAdd(T* to, T value) {
  return std::atomic_ref<T>(*to).fetch_add(value, std::memory_order_relaxed);
}

// The runtime: a stream's work is done at once, in order.
enum cudaError_t {
  cudaSuccess = 0,
  cudaErrorInvalidValue = 1,
  cudaErrorMemoryAllocation = 2,
  cudaErrorNoDevice = 100
};
enum cudaMemcpyKind { cudaMemcpyHostToDevice = 1, cudaMemcpyDeviceToHost = 2 };
enum cudaDeviceAttr { cudaDevAttrMultiProcessorCount = 16 };
struct CUstream_st {};
using cudaStream_t = CUstream_st*;

const char* cudaGetErrorString(cudaError_t error);
cudaError_t cudaGetLastError();
cudaError_t cudaGetDeviceCount(int* count);
cudaError_t cudaSetDevice(int device);
cudaError_t cudaGetDevice(int* device);
cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int device);
cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total);
/// Exactly as large as asked for, and full of 0xcd.
cudaError_t cudaMalloc(void** data, std::size_t bytes);
cudaError_t cudaMallocHost(void** data, std::size_t bytes);
cudaError_t cudaFree(void* data);
cudaError_t cudaFreeHost(void* data);
cudaError_t cudaMemcpy(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind);
cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream);
cudaError_t cudaMemsetAsync(void* to, int value, std::size_t bytes, cudaStream_t stream);
cudaError_t cudaStreamCreate(cudaStream_t* stream);
cudaError_t cudaStreamDestroy(cudaStream_t stream);
cudaError_t cudaStreamSynchronize(cudaStream_t stream);

struct cudaLaunchConfig_t {
  dim3 gridDim, blockDim;
  std::size_t dynamicSmemBytes = 0;
  cudaStream_t stream = nullptr;
};

template <class... Parameters, class... Arguments>
cudaError_t cudaLaunchKernelEx(const cudaLaunchConfig_t* config, void (*kernel)(Parameters...),
                               Arguments&&... arguments) {
  const dim3 grid = config->gridDim, block = config->blockDim;
  // What a GPU refuses.
  if (grid.x == 0 || block.x == 0 || block.x * block.y * block.z > 1024 ||
      config->dynamicSmemBytes > (48U << 10))
    return cudaErrorInvalidValue;
  emulator::run_grid({grid.x, grid.y, grid.z}, {block.x, block.y, block.z}, config->dynamicSmemBytes,
                     [&] { kernel(arguments...); });
  return cudaSuccess;
}
