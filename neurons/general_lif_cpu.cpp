// GeneralLIF on the cpu, in both arithmetics: loops that the compiler turns into vectors.
#include <algorithm>
#include <array>
#include <type_traits>

#include "neurons/general_lif_kernels.h"
#include "sim/op/fixed.h"
#include "sim/op/host/host_loops.h"

namespace rheobase {
namespace {

constexpr std::int64_t word = 64;

template <class Number>
class GeneralLifCpu : public GeneralLifKernel<Number> {
 public:
  using Base = GeneralLifKernel<Number>;
  using Base::Base;

  void step(const StepArgs& args) const override {
    const std::int64_t channels = input_.shape.channels;
    const std::int64_t words = input_.words_per_pixel();
    for_stateful_items(args, input_.shape.pixels(), channels,
                       [&](int lane, std::int64_t begin, std::int64_t end, ScratchMemory scratch) {
                         auto* values = scratch.take<Number>(channels);
                         auto* v = reinterpret_cast<Number*>(args.state.entry(lane));
                         for (std::int64_t pixel = begin; pixel < end; ++pixel) {
                           const Number* x = current(args, lane, pixel, values);
                           std::uint64_t* spikes = args.output.spikes(lane) + pixel * words;
                           for (std::int64_t c = 0; c < channels; c += word)
                             spikes[c / word] = step_word(v + pixel * channels, x, c);
                         }
                       });
  }

 private:
  const Number* current(const StepArgs& args, int lane, std::int64_t pixel, Number* values) const {
    if constexpr (std::is_same_v<Number, float>)
      return pixel_values(input_, args.inputs[0], lane, pixel, values);
    else
      return pixel_integers(input_, args.inputs[0], lane, pixel, values);
  }

  // Channels first .. first + 63 of one pixel; their spikes as bits.
  std::uint64_t step_word(Number* __restrict v, const Number* __restrict x, std::int64_t first) const {
    const std::int64_t count = std::min(word, input_.shape.channels - first);
    std::array<std::uint8_t, word> fired{};
    for (std::int64_t i = 0; i < count; ++i) {
      const std::int64_t c = first + i;
      fired[i] = general_lif_step(v[c], x[c], this->neuron(c), this->rule_) ? 1 : 0;
    }
    std::uint64_t bits = 0;
    for (std::int64_t i = 0; i < count; ++i) bits |= std::uint64_t{fired[i]} << i;
    return bits;
  }

  using Base::input_;
};

}  // namespace

std::unique_ptr<HostKernel> make_general_lif_cpu(const NodeContext& context, const NodePlan& /*plan*/) {
  return std::make_unique<GeneralLifCpu<float>>(context);
}
std::unique_ptr<HostKernel> make_general_lif_fixed_cpu(const NodeContext& context, const NodePlan& /*plan*/) {
  return std::make_unique<GeneralLifCpu<std::int32_t>>(context);
}

}  // namespace rheobase
