#include "sim/cuda/device/gpu.h"

#include <cuda_runtime.h>

#include <string>

#include "sim/cuda/device/check.cuh"

namespace rheobase::cuda {

void use_gpu(int index) {
  int count = 0;
  const cudaError_t result = cudaGetDeviceCount(&count);
  if (result != cudaSuccess || count == 0) {
    throw InputError("--device", "cuda",
                     std::string("no GPU can be used: ") +
                         cudaGetErrorString(result == cudaSuccess ? cudaErrorNoDevice : result) +
                         "; use --device cpu");
  }
  if (index >= count) {
    throw InputError("--device", "cuda:" + std::to_string(index),
                     "this machine has " + std::to_string(count) + ", from cuda:0 on");
  }
  check(cudaSetDevice(index), "cudaSetDevice");
}

int resident_blocks() {
  constexpr int blocks_each =
      8;  // of 128 threads; fewer where registers are short, which the scheduler sees to
  int device = 0, processors = 0;
  check(cudaGetDevice(&device), "cudaGetDevice");
  check(cudaDeviceGetAttribute(&processors, cudaDevAttrMultiProcessorCount, device),
        "cudaDeviceGetAttribute");
  return processors * blocks_each;
}

std::size_t free_memory() {
  std::size_t free = 0, total = 0;
  check(cudaMemGetInfo(&free, &total), "cudaMemGetInfo");
  return free;
}

}  // namespace rheobase::cuda
