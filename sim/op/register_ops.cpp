#include "sim/op/registry.h"
#include "sim/op/structural_kernels.h"

namespace rheobase {

void register_structural_ops(Registry& registry) {
  add_structural_schemas(registry.schemas());
  for (const DeviceKind device : {DeviceKind::reference, DeviceKind::cpu}) {
    registry.add_kernel("Affine", device, make_affine);
    registry.add_kernel("Add", device, make_add);
    registry.add_kernel("Output", device, make_add);
    registry.add_kernel("AvgPool2d", device, make_avg_pool2d);
    registry.add_kernel("MaxPool2d", device, make_max_pool2d);
    for (const char* op : {"Flatten", "Slice", "Pad", "Concat"})
      registry.add_kernel(op, device, make_rearrange);
  }
  for (const char* op : {"Conv2d", "Linear"}) {
    registry.add_kernel(op, DeviceKind::reference, make_conv2d_reference);
    registry.add_kernel(op, DeviceKind::cpu, make_conv2d_cpu);
  }
}

}  // namespace rheobase
