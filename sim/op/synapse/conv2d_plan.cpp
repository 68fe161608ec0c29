#include "sim/op/synapse/conv2d_plan.h"

namespace rheobase {

Conv2dGeometry::Conv2dGeometry(const NodeContext& context)
    : input(context.inputs[0]), output(as_image(context.output_shape)) {
  if (context.node.op != "Conv2d") return;
  const Conv2dAttributes conv = conv2d_attributes(context.node);
  window = conv.window;
  groups = conv.groups;
}

bool Conv2dGeometry::is_pixelwise() const {
  using Pair = std::array<std::int64_t, 2>;
  return window.kernel == Pair{1, 1} && window.stride == Pair{1, 1} &&
         window.padding == std::array<std::int64_t, 4>{0, 0, 0, 0};
}

Conv2dPlan::Conv2dPlan(const NodeContext& context)
    : Conv2dGeometry(context),
      weights(in_row_order(context.node.tensors.at("weight").reals())),
      bias(output.channels, 0.0F) {
  for (std::int64_t oc = 0; oc < output.channels; ++oc) {
    const std::int64_t first_channel = oc / outputs_per_group() * inputs_per_group();
    for (std::int64_t row = 0; row < rows(); ++row) {
      float& weight = weights[oc * rows() + row];
      weight = weight * input.scale(first_channel + row % inputs_per_group()) + 0.0F;  // -0 becomes +0
    }
  }
  if (const Tensor* given = context.node.tensor("bias")) {
    for (std::int64_t oc = 0; oc < output.channels; ++oc)
      bias[oc] = given->reals()[oc] + 0.0F;  // -0 becomes +0
  }
}

}  // namespace rheobase
