#include "sim/device/cuda_info.h"

namespace rheobase {

DeviceInfo cuda_info() {
  return {DeviceKind::cuda, false, "this build has no CUDA device; it takes nvcc and cmake --preset cuda"};
}

}  // namespace rheobase
