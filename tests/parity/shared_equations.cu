// The equations that reference and CUDA kernels share must compile for a GPU, whoever last changed them.
#include "neurons/if_step.h"
#include "neurons/qcfs_step.h"
#include "sim/stop/confidence.h"

namespace rheobase {

__global__ void shared_equations(float* values, int count) {
  const bool fire = if_step(values[0], values[1], values[2], Reset::subtract, 0.0F);
  values[3] = qcfs_step(values[4], values[5], 4.0F) + (fire ? 1.0F : 0.0F);
  values[4] = max_softmax(values, count, 1.0F);
  values[5] = logit_margin(values, count, 1.0F);
  values[6] = normalised_entropy(values, count, 1.0F);
}

}  // namespace rheobase
