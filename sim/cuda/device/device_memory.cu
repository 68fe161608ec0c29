#include "sim/cuda/device/device_memory.h"

#include <cuda_runtime.h>

#include <cstring>

#include "sim/cuda/device/check.cuh"

namespace rheobase::cuda {

DeviceMemory::DeviceMemory(std::size_t bytes) : size_(bytes) {
  if (bytes == 0) return;
  void* data = nullptr;
  const cudaError_t result = cudaMalloc(&data, bytes);
  if (result == cudaErrorMemoryAllocation) {
    cudaGetLastError();  // it would be reported again
    throw OutOfDeviceMemory{bytes};
  }
  check(result, "cudaMalloc");
  data_.reset(static_cast<std::byte*>(data));
}

// What a destructor could not report is reported by the next call.
void DeviceMemory::Free::operator()(std::byte* data) const { static_cast<void>(cudaFree(data)); }

PinnedMemory::PinnedMemory(std::size_t bytes) : size_(bytes) {
  if (bytes == 0) return;
  void* data = nullptr;
  const cudaError_t result = cudaMallocHost(&data, bytes);
  if (result == cudaErrorMemoryAllocation) {
    cudaGetLastError();
    throw OutOfDeviceMemory{bytes};
  }
  check(result, "cudaMallocHost");
  std::memset(data, 0, bytes);
  data_.reset(static_cast<std::byte*>(data));
}

void PinnedMemory::Free::operator()(std::byte* data) const { static_cast<void>(cudaFreeHost(data)); }

void copy_to_device(void* to, const void* from, std::size_t bytes) {
  if (bytes > 0) check(cudaMemcpy(to, from, bytes, cudaMemcpyHostToDevice), "cudaMemcpy");
}

}  // namespace rheobase::cuda
