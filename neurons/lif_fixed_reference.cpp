#include "neurons/lif_fixed.h"
#include "neurons/spiking_loops.h"

namespace rheobase {
namespace {

class LifFixedReference : public LifFixedKernel {
 public:
  using LifFixedKernel::LifFixedKernel;

  void step(const StepArgs& args) const override {
    const LifNeurons<std::int32_t> neurons = channels_.neurons();
    step_each<std::int32_t>(args, input_, row_, [&](std::int32_t& v, std::int32_t x, std::int64_t c) {
      return lif_step(v, x, neurons[c], reset_);
    });
  }
};

}  // namespace

std::unique_ptr<HostKernel> make_lif_fixed_reference(const NodeContext& context, const NodePlan& /*plan*/) {
  return std::make_unique<LifFixedReference>(context);
}

}  // namespace rheobase
