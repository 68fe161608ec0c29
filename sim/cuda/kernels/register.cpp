#include "sim/cuda/kernels/register.h"

#include "sim/cuda/kernels/structural.h"
#include "sim/cuda/kernels/synapse.h"

namespace rheobase::cuda {

void register_ops(Registry& registry) {
  const auto add = [&](const char* op, MakeKernel make) {
    registry.add_kernel(op, DeviceKind::cuda, Arithmetic::fixed, std::move(make));
  };
  for (const char* op : {"Conv2d", "Linear"})
    add(op, [](const NodeContext& context, const NodePlan& /*plan*/) { return make_synapse(context); });
  add("AvgPool2d", make_avg_pool2d);
  add("MaxPool2d", make_max_pool2d);
  add("Affine", make_affine);
  add("Add", make_add);
  add("Output", make_add);
  for (const char* op : {"Flatten", "Slice", "Pad", "Concat"}) add(op, make_rearrange);
  // The host encodes; what it encodes is copied once a sample.
  registry.add_input(Coding::direct, DeviceKind::cuda,
                     *registry.input(Coding::direct, DeviceKind::reference));
}

}  // namespace rheobase::cuda
