#include "neurons/register.h"

#include "neurons/activation_kernels.h"
#include "neurons/if_fixed.h"
#include "neurons/if_kernels.h"
#include "neurons/schemas.h"
#include "neurons/sign_kernels.h"

namespace rheobase {

void register_neurons(Registry& registry) {
  add_neuron_schemas(registry.schemas());
  registry.add_plan("IF", Arithmetic::float32, plan_if);
  registry.add_plan("IF", Arithmetic::fixed, plan_if_fixed);
  for (const char* op : {"QCFS", "ReLU"}) registry.add_plan(op, Arithmetic::float32, plan_activation);
  registry.add_plan("Sign", Arithmetic::float32, plan_sign);
  registry.add_kernel("IF", DeviceKind::reference, Arithmetic::float32, make_if_reference);
  registry.add_kernel("IF", DeviceKind::cpu, Arithmetic::float32, make_if_cpu);
  registry.add_kernel("IF", DeviceKind::reference, Arithmetic::fixed, make_if_fixed_reference);
  registry.add_kernel("IF", DeviceKind::cpu, Arithmetic::fixed, make_if_fixed_cpu);
  for (const DeviceKind device : {DeviceKind::reference, DeviceKind::cpu}) {
    registry.add_kernel("QCFS", device, Arithmetic::float32, make_qcfs);
    registry.add_kernel("ReLU", device, Arithmetic::float32, make_relu);
  }
  registry.add_kernel("Sign", DeviceKind::reference, Arithmetic::float32, make_sign_reference);
  registry.add_kernel("Sign", DeviceKind::cpu, Arithmetic::float32, make_sign_cpu);
}

}  // namespace rheobase
