#include <cuda_runtime.h>

#include <string>

#include "sim/device/cuda_info.h"

namespace rheobase {

DeviceInfo cuda_info() {
  int count = 0;
  const cudaError_t result = cudaGetDeviceCount(&count);
  if (result != cudaSuccess) return {DeviceKind::cuda, false, cudaGetErrorString(result)};
  std::string names;
  for (int i = 0; i < count; ++i) {
    cudaDeviceProp properties{};
    if (cudaGetDeviceProperties(&properties, i) != cudaSuccess) continue;
    names += (names.empty() ? "" : ", ") + std::string("cuda:") + std::to_string(i) + " " + properties.name;
  }
  if (names.empty()) return {DeviceKind::cuda, false, "no GPU is here"};
  return {DeviceKind::cuda, true, names};
}

}  // namespace rheobase
