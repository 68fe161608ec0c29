#include "sim/cuda/device/stream.h"

#include <cuda_runtime.h>

#include "sim/cuda/device/check.cuh"

namespace rheobase::cuda {

Stream::Stream() { check(cudaStreamCreate(&handle_), "cudaStreamCreate"); }
Stream::~Stream() { static_cast<void>(cudaStreamDestroy(handle_)); }

void Stream::copy_to_device(void* to, const void* from, std::size_t bytes) const {
  if (bytes == 0) return;
  check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyHostToDevice, handle_), "cudaMemcpyAsync to the device");
}

void Stream::copy_to_host(void* to, const void* from, std::size_t bytes) const {
  if (bytes == 0) return;
  check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToHost, handle_), "cudaMemcpyAsync to the host");
}

void Stream::clear(void* data, std::size_t bytes) const {
  if (bytes == 0) return;
  check(cudaMemsetAsync(data, 0, bytes, handle_), "cudaMemsetAsync");
}

void Stream::synchronize() const { check(cudaStreamSynchronize(handle_), "a kernel or copy"); }

}  // namespace rheobase::cuda
