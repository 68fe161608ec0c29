#include "neurons/if_fixed.h"
#include "neurons/if_step.h"
#include "neurons/spiking_loops.h"

namespace rheobase {
namespace {

class IfFixedReference : public IfFixedKernel {
 public:
  using IfFixedKernel::IfFixedKernel;

  void step(const StepArgs& args) const override {
    step_each<std::int32_t>(args, input_, row_, [&](std::int32_t& v, std::int32_t x, std::int64_t c) {
      return if_step(v, x, v_threshold_[c], reset_, v_reset_);
    });
  }
};

}  // namespace

std::unique_ptr<HostKernel> make_if_fixed_reference(const NodeContext& context, const NodePlan& /*plan*/) {
  return std::make_unique<IfFixedReference>(context);
}

}  // namespace rheobase
