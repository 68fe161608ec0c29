#include "experiments/library/registry.h"

#include "binarize/ops/register.h"
#include "neurons/register.h"

namespace rheobase {

Registry full_registry() {
  Registry registry;
  register_structural_ops(registry);
  register_neurons(registry);
  register_binary_ops(registry);
  return registry;
}

}  // namespace rheobase
