#include "experiments/library/registry.h"

#include "binarize/ops/register.h"
#include "neurons/register.h"
#if defined(RHEOBASE_CUDA)
#include "neurons/if_cuda.h"
#include "sim/cuda/executor/cuda_executor.h"
#endif

namespace rheobase {

Registry full_registry() {
  Registry registry;
  register_structural_ops(registry);
  register_neurons(registry);
  register_binary_ops(registry);
#if defined(RHEOBASE_CUDA)
  register_cuda(registry);
  register_cuda_neurons(registry);
#endif
  return registry;
}

}  // namespace rheobase
