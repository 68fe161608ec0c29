#include "neurons/burst_lif_kernels.h"
#include "neurons/spiking_loops.h"

namespace rheobase {
namespace {

class BurstLifReference : public BurstLifKernel {
 public:
  using BurstLifKernel::BurstLifKernel;

  void step(const StepArgs& args) const override {
    emit_each(args, input_,
              [&](float& v, float x, std::int64_t c) { return burst_lif_step(v, x, neurons()[c]); });
  }
};

}  // namespace

std::unique_ptr<HostKernel> make_burst_lif_reference(const NodeContext& context, const NodePlan& /*plan*/) {
  return std::make_unique<BurstLifReference>(context);
}

}  // namespace rheobase
