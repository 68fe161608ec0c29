#include "sim/op/synapse/conv2d_plan.h"

namespace rheobase {

Conv2dPlan::Conv2dPlan(const NodeContext& context)
    : input(context.inputs[0]), output(as_image(context.output_shape)) {
  const Tensor& tensor = context.node.tensors.at("weight");
  if (context.node.op == "Conv2d") {
    const Conv2dAttributes conv = conv2d_attributes(context.node);
    window = conv.window;
    groups = conv.groups;
  }
  const std::int64_t taps = window.kernel[0] * window.kernel[1];
  const std::int64_t channels = inputs_per_group();
  weights.resize(output.channels * rows());
  for (std::int64_t oc = 0; oc < output.channels; ++oc) {
    const std::int64_t first_channel = oc / outputs_per_group() * channels;
    for (std::int64_t ic = 0; ic < channels; ++ic) {
      for (std::int64_t tap = 0; tap < taps; ++tap) {
        weights[oc * rows() + tap * channels + ic] =
            tensor.values[(oc * channels + ic) * taps + tap] * input.scale(first_channel + ic) +
            0.0F;  // -0 becomes +0
      }
    }
  }
  bias.assign(output.channels, 0.0F);
  if (const Tensor* given = context.node.tensor("bias")) {
    for (std::int64_t oc = 0; oc < output.channels; ++oc)
      bias[oc] = given->values[oc] + 0.0F;  // -0 becomes +0
  }
}

}  // namespace rheobase
