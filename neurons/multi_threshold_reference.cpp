#include <type_traits>

#include "neurons/multi_threshold_kernels.h"
#include "sim/op/fixed.h"
#include "sim/op/host/host_loops.h"

namespace rheobase {
namespace {

template <class Number>
class MultiThresholdReference : public MultiThresholdKernel<Number> {
 public:
  using Base = MultiThresholdKernel<Number>;
  using Base::Base;

  void step(const StepArgs& args) const override {
    constexpr bool is_real = std::is_same_v<Number, float>;
    const std::int64_t channels = input_.shape.channels;
    auto* scratch = args.scratch(0).take<Number>(this->row_);
    for (const int lane : args.lanes) {
      for (std::int64_t pixel = 0; pixel < input_.shape.pixels(); ++pixel) {
        auto* v = reinterpret_cast<Number*>(args.state.entry(lane)) + pixel * this->stride();
        std::int32_t* net = args.state.int32(lane) + pixel * this->stride() + this->row_;
        const Number* x = nullptr;
        if constexpr (is_real) x = pixel_values(input_, args.inputs[0], lane, pixel, scratch);
        if constexpr (!is_real) x = pixel_integers(input_, args.inputs[0], lane, pixel, scratch);
        for (std::int64_t c = 0; c < channels; ++c) {
          const std::int32_t event = multi_threshold_step(v[c], net[c], x[c], this->levels_, this->neuron(c));
          if constexpr (is_real) args.output.real(lane)[pixel * channels + c] = static_cast<float>(event);
          if constexpr (!is_real)
            args.output.int16(lane)[pixel * channels + c] = static_cast<std::int16_t>(event);
        }
      }
    }
  }

 private:
  using Base::input_;
};

}  // namespace

std::unique_ptr<HostKernel> make_multi_threshold_reference(const NodeContext& context,
                                                           const NodePlan& /*plan*/) {
  return std::make_unique<MultiThresholdReference<float>>(context);
}
std::unique_ptr<HostKernel> make_multi_threshold_fixed_reference(const NodeContext& context,
                                                                 const NodePlan& /*plan*/) {
  return std::make_unique<MultiThresholdReference<std::int32_t>>(context);
}

}  // namespace rheobase
