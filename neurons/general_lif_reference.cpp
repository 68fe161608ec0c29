#include "neurons/general_lif_kernels.h"
#include "neurons/spiking_loops.h"

namespace rheobase {
namespace {

template <class Number>
class GeneralLifReference : public GeneralLifKernel<Number> {
 public:
  using Base = GeneralLifKernel<Number>;
  using Base::Base;

  void step(const StepArgs& args) const override {
    step_each<Number>(args, this->input_, this->input_.shape.channels,
                      [&](Number& v, Number x, std::int64_t c) {
                        return general_lif_step(v, x, this->neuron(c), this->rule_);
                      });
  }
};

}  // namespace

std::unique_ptr<HostKernel> make_general_lif_reference(const NodeContext& context, const NodePlan& /*plan*/) {
  return std::make_unique<GeneralLifReference<float>>(context);
}
std::unique_ptr<HostKernel> make_general_lif_fixed_reference(const NodeContext& context,
                                                             const NodePlan& /*plan*/) {
  return std::make_unique<GeneralLifReference<std::int32_t>>(context);
}

}  // namespace rheobase
