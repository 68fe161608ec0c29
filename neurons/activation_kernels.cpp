#include "neurons/activation_kernels.h"

#include "neurons/qcfs.h"
#include "neurons/qcfs_step.h"
#include "neurons/relu.h"
#include "sim/op/host/host_loops.h"

namespace rheobase {
namespace {

// Applies `activate(x, channel)` to every value.
template <class Activate>
class ActivationKernel : public HostKernel {
 public:
  ActivationKernel(const NodeContext& context, Activate activate)
      : input_(context.inputs[0]), activate_(std::move(activate)) {}

  std::size_t scratch_bytes() const override { return ScratchMemory::size<float>(input_.shape.channels); }

  void step(const StepArgs& args) const override {
    const std::int64_t channels = input_.shape.channels;
    for_lane_items(args, input_.shape.pixels(), channels,
                   [&](int lane, std::int64_t begin, std::int64_t end, ScratchMemory scratch) {
                     auto* values = scratch.take<float>(channels);
                     for (std::int64_t pixel = begin; pixel < end; ++pixel) {
                       const float* x = pixel_values(input_, args.inputs[0], lane, pixel, values);
                       float* y = args.output.real(lane) + pixel * channels;
                       for (std::int64_t c = 0; c < channels; ++c) y[c] = activate_(x[c], c);
                     }
                   });
  }

 private:
  SignalSpec input_;
  Activate activate_;
};

template <class Activate>
std::unique_ptr<HostKernel> make_activation(const NodeContext& context, Activate activate) {
  return std::make_unique<ActivationKernel<Activate>>(context, std::move(activate));
}

}  // namespace

NodePlan plan_activation(const NodeContext& context) {
  return {{SignalType::real32, context.inputs[0].shape, {1.0F}, false}};
}

std::unique_ptr<HostKernel> make_relu(const NodeContext& context, const NodePlan& /*plan*/) {
  const float max = ReluParameters::of(context.node).max;
  return make_activation(context, [max](float x, std::int64_t) {
    const float positive = x > 0.0F ? x : 0.0F;
    return positive < max ? positive : max;
  });
}

std::unique_ptr<HostKernel> make_qcfs(const NodeContext& context, const NodePlan& /*plan*/) {
  const QcfsParameters parameters = QcfsParameters::of(context.node);
  const auto levels = static_cast<float>(parameters.levels);
  std::vector<float> lambda = parameters.lambda.reals();
  if (lambda.size() == 1) {
    return make_activation(
        context, [levels, l = lambda[0]](float x, std::int64_t) { return qcfs_step(x, l, levels); });
  }
  return make_activation(context, [levels, lambda = std::move(lambda)](float x, std::int64_t c) {
    return qcfs_step(x, lambda[c], levels);
  });
}

}  // namespace rheobase
