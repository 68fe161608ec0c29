#pragma once

#include <cuda_runtime.h>

#include <string>

#include "sim/core/error.h"

namespace rheobase::cuda {

/// Every call of the CUDA runtime goes through here: what went wrong is the program's or the machine's fault.
inline void check(cudaError_t result, const char* call) {
  if (result == cudaSuccess) return;
  throw InternalError(std::string("CUDA: ") + call + ": " + cudaGetErrorString(result));
}

}  // namespace rheobase::cuda
