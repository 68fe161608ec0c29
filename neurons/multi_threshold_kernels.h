#pragma once

#include <cstdint>
#include <vector>

#include "neurons/multi_threshold.h"
#include "neurons/multi_threshold_step.h"
#include "sim/op/host/host_kernel.h"

namespace rheobase {

/// State of a pixel: the potentials (float32, or int32 in fixed arithmetic), behind them the net outputs
/// (int32), each of channels rounded up to 16. Emits whole numbers: float32 with the unit as their scale, or
/// int16.
NodePlan plan_multi_threshold(const NodeContext& context);
NodePlan plan_multi_threshold_fixed(const NodeContext& context);
MakeHostKernel make_multi_threshold_reference;
MakeHostKernel make_multi_threshold_cpu;
MakeHostKernel make_multi_threshold_fixed_reference;
MakeHostKernel make_multi_threshold_fixed_cpu;

/// Neurons that stand side by side in some pixels, the same channels of each, and their constants. Event is
/// float or std::int16_t.
template <class Number, class Event>
struct MultiThresholdTile {
  Number* v;
  std::int32_t* net;
  const Number* x;
  Event* events;
  const Number *unit, *trigger;
  const std::int32_t* ceiling;
  std::int64_t channels;
  std::int64_t pixels;
  std::int64_t state_step, x_step, event_step;  ///< from one pixel to the next, in numbers
  int levels;
  /// For multi_threshold_cpu.cpp, where all sizes of a trigger are floats of full precision: the largest
  /// size, and the smallest one's bits as a float, less those of 1. Else nullptr.
  const Number* top;
  const std::int32_t* trigger_bits;
};

/// What every host kernel of these neurons holds. Number is float, or std::int32_t in fixed arithmetic.
template <class Number>
class MultiThresholdKernel : public HostKernel {
 public:
  explicit MultiThresholdKernel(const NodeContext& context);
  std::size_t scratch_bytes() const override { return ScratchMemory::size<Number>(row_); }

 protected:
  /// Words of state of a pixel.
  std::int64_t stride() const { return 2 * row_; }
  MultiThresholdNeuron<Number> neuron(std::int64_t channel) const {
    return {unit_[channel], trigger_[channel], ceiling_[channel]};
  }

  SignalSpec input_;
  std::int64_t row_;  ///< channels rounded up to 16
  int levels_;
  bool exact_ = true;  ///< all sizes of a trigger are floats of full precision
  // One a channel, `row_` long; those that only pad never fire.
  std::vector<Number> unit_, trigger_;
  std::vector<std::int32_t> ceiling_;
  // What vector kernels find events by: the trigger of the largest, and the smallest's bits as a float, less
  // those of 1.
  std::vector<Number> top_;
  std::vector<std::int32_t> trigger_bits_;

 private:
  void prepare_exponents();
};

}  // namespace rheobase
