// What LI is on every device, and its host kernels: the reference's, and the cpu's, whose loop the compiler
// turns into vectors.
#include "neurons/li_kernels.h"

#include "neurons/spiking_loops.h"

namespace rheobase {
namespace {

class LiReference : public LiKernel {
 public:
  using LiKernel::LiKernel;

  void step(const StepArgs& args) const override {
    emit_each(args, input_,
              [&](float& v, float x, std::int64_t c) { return li_step(v, x, decay_[c], v_leak_[c]); });
  }
};

class LiCpu : public LiKernel {
 public:
  using LiKernel::LiKernel;

  void step(const StepArgs& args) const override {
    const std::int64_t channels = input_.shape.channels;
    for_stateful_items(args, input_.shape.pixels(), channels,
                       [&](int lane, std::int64_t begin, std::int64_t end, ScratchMemory scratch) {
                         auto* values = scratch.take<float>(channels);
                         for (std::int64_t pixel = begin; pixel < end; ++pixel) {
                           step_pixel(args.state.real(lane) + pixel * channels,
                                      pixel_values(input_, args.inputs[0], lane, pixel, values),
                                      args.output.real(lane) + pixel * channels);
                         }
                       });
  }

 private:
  void step_pixel(float* __restrict v, const float* __restrict x, float* __restrict out) const {
    const float* __restrict decay = decay_.data();
    const float* __restrict v_leak = v_leak_.data();
    for (std::int64_t c = 0; c < input_.shape.channels; ++c)
      out[c] = li_step(v[c], x[c], decay[c], v_leak[c]);
  }
};

}  // namespace

NodePlan plan_li(const NodeContext& context) {
  const LiParameters parameters = LiParameters::of(context.node);
  const ImageShape& shape = context.inputs[0].shape;
  NodePlan plan{{SignalType::real32, shape, {1.0F}, false}};
  plan.state = InitialState::repeat(spread(parameters.start(), shape.channels), shape.pixels());
  return plan;
}

LiKernel::LiKernel(const NodeContext& context) : input_(context.inputs[0]) {
  const LiParameters parameters = LiParameters::of(context.node);
  decay_ = spread(parameters.decay, input_.shape.channels);
  v_leak_ = spread(parameters.v_leak, input_.shape.channels);
}

std::unique_ptr<HostKernel> make_li_reference(const NodeContext& context, const NodePlan& /*plan*/) {
  return std::make_unique<LiReference>(context);
}
std::unique_ptr<HostKernel> make_li_cpu(const NodeContext& context, const NodePlan& /*plan*/) {
  return std::make_unique<LiCpu>(context);
}

}  // namespace rheobase
