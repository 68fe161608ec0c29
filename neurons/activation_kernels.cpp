#include "neurons/activation_kernels.h"

#include "neurons/qcfs.h"
#include "neurons/qcfs_step.h"
#include "neurons/relu.h"
#include "neurons/relu_rows.h"
#include "sim/op/host/host_loops.h"
#include "sim/op/host/tile.h"

namespace rheobase {
namespace {

// Applies `activate(x, first channel, channels, y)` to the rows of a stored signal, or tile by tile behind a
// synapse.
template <class Activate>
class ActivationKernel : public HostKernel, public TileNeuron {
 public:
  ActivationKernel(const NodeContext& context, Activate activate)
      : input_(context.inputs[0]), activate_(std::move(activate)) {}

  std::size_t scratch_bytes() const override { return ScratchMemory::size<float>(input_.shape.channels); }
  const TileNeuron* tile_neuron() const override { return input_.unit_scale() ? this : nullptr; }
  bool takes_reals() const override { return true; }

  void step(const StepArgs& args) const override {
    const std::int64_t channels = input_.shape.channels;
    for_lane_items(args, input_.shape.pixels(), channels,
                   [&](int lane, std::int64_t begin, std::int64_t end, ScratchMemory scratch) {
                     auto* values = scratch.take<float>(channels);
                     for (std::int64_t pixel = begin; pixel < end; ++pixel) {
                       const float* x = pixel_values(input_, args.inputs[0], lane, pixel, values);
                       activate_(x, 0, channels, args.output.real(lane) + pixel * channels);
                     }
                   });
  }

  void step_tile(const Tile& tile, const SignalView& /*state*/, const SignalView& output) const override {
    const float* x = tile.reals;
    float* y = output.real(tile.lane) + tile.first_pixel * input_.shape.channels + tile.first_channel;
    for (std::int64_t p = 0; p < tile.pixels; ++p, x += tile.width, y += input_.shape.channels)
      activate_(x, tile.first_channel, tile.channels, y);
  }
  void expect_tile(const Tile& /*tile*/, const SignalView& /*state*/) const override {}

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
  return make_activation(context, [max](const float* x, std::int64_t /*first*/, std::int64_t count,
                                        float* y) { relu_row(x, max, count, y); });
}

std::unique_ptr<HostKernel> make_qcfs(const NodeContext& context, const NodePlan& /*plan*/) {
  const QcfsParameters parameters = QcfsParameters::of(context.node);
  const auto levels = static_cast<float>(parameters.levels);
  std::vector<float> lambda = parameters.lambda.reals();
  if (lambda.size() == 1)
    lambda.assign(static_cast<std::size_t>(context.inputs[0].shape.channels), lambda[0]);
  return make_activation(context, [levels, lambda = std::move(lambda)](const float* x, std::int64_t first,
                                                                       std::int64_t count, float* y) {
    for (std::int64_t c = 0; c < count; ++c) y[c] = qcfs_step(x[c], lambda[first + c], levels);
  });
}

}  // namespace rheobase
