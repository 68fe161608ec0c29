#include "neurons/register.h"

#include "neurons/activation_kernels.h"
#include "neurons/if_kernels.h"
#include "neurons/schemas.h"

namespace rheobase {

void register_neurons(Registry& registry) {
  add_neuron_schemas(registry.schemas());
  registry.add_kernel("IF", DeviceKind::reference, make_if_reference);
  registry.add_kernel("IF", DeviceKind::cpu, make_if_cpu);
  for (const DeviceKind device : {DeviceKind::reference, DeviceKind::cpu}) {
    registry.add_kernel("QCFS", device, make_qcfs);
    registry.add_kernel("ReLU", device, make_relu);
  }
}

}  // namespace rheobase
