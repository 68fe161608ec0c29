#include "binarize/ops/register.h"

#include "binarize/ops/binary_conv2d_plan.h"
#include "binarize/ops/schemas.h"

namespace rheobase {

void register_binary_ops(Registry& registry) {
  add_binary_schemas(registry.schemas());
  for (const char* op : {"BinaryConv2d", "BinaryLinear"}) {
    for (const Arithmetic arithmetic : {Arithmetic::float32, Arithmetic::fixed}) {
      registry.add_plan(op, arithmetic,
                        [=](const NodeContext& context) { return plan_binary_conv2d(context, arithmetic); });
      registry.add_kernel(op, DeviceKind::reference, arithmetic,
                          [=](const NodeContext& context, const NodePlan&) {
                            return make_binary_conv2d_reference(context, arithmetic);
                          });
      registry.add_kernel(op, DeviceKind::cpu, arithmetic, [=](const NodeContext& context, const NodePlan&) {
        return make_binary_conv2d_cpu(context, arithmetic);
      });
    }
  }
}

}  // namespace rheobase
