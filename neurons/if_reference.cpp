#include "neurons/if_kernels.h"
#include "neurons/if_step.h"
#include "neurons/spiking_loops.h"

namespace rheobase {
namespace {

class IfReference : public IfKernel {
 public:
  using IfKernel::IfKernel;

  void step(const StepArgs& args) const override {
    step_each<float>(args, input_, input_.shape.channels, [&](float& v, float x, std::int64_t c) {
      return if_step(v, x, v_threshold_[c], reset_, v_reset_);
    });
  }
};

}  // namespace

std::unique_ptr<HostKernel> make_if_reference(const NodeContext& context, const NodePlan& /*plan*/) {
  return std::make_unique<IfReference>(context);
}

}  // namespace rheobase
