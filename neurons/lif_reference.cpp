#include "neurons/lif_kernels.h"
#include "neurons/spiking_loops.h"

namespace rheobase {
namespace {

class LifReference : public LifKernel {
 public:
  using LifKernel::LifKernel;

  void step(const StepArgs& args) const override {
    const LifNeurons<float> neurons = channels_.neurons();
    step_each<float>(args, input_, input_.shape.channels,
                     [&](float& v, float x, std::int64_t c) { return lif_step(v, x, neurons[c], reset_); });
  }
};

}  // namespace

std::unique_ptr<HostKernel> make_lif_reference(const NodeContext& context, const NodePlan& /*plan*/) {
  return std::make_unique<LifReference>(context);
}

}  // namespace rheobase
