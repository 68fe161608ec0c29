#include <cuda_runtime.h>

#include <string>

#include "sim/device/cuda_info.h"

namespace rheobase {
namespace {

// Why `result` came of counting the GPUs.
std::string reason(cudaError_t result) {
  int driver = 0;  // its version; 0: there is none
  if (cudaDriverGetVersion(&driver) == cudaSuccess && driver == 0) return "no NVIDIA driver is here";
  return result == cudaSuccess ? "no GPU is here" : cudaGetErrorString(result);
}

}  // namespace

DeviceInfo cuda_info() {
  int count = 0;
  const cudaError_t result = cudaGetDeviceCount(&count);
  std::string names;
  for (int i = 0; result == cudaSuccess && i < count; ++i) {
    cudaDeviceProp properties{};
    if (cudaGetDeviceProperties(&properties, i) != cudaSuccess) continue;
    names += (names.empty() ? "" : ", ") + std::string("cuda:") + std::to_string(i) + " " + properties.name;
  }
  if (names.empty()) return {DeviceKind::cuda, false, reason(result) + "; use --device cpu"};
  return {DeviceKind::cuda, true, names};
}

}  // namespace rheobase
