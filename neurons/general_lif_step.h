#pragma once

#include "neurons/lif_step.h"

namespace rheobase {

/// The constants of one neuron; the least number where there is no bound.
template <class Number>
struct GeneralLifNeuron {
  Number decay, v_leak, v_threshold, v_drop, v_reset, v_min;
};

/// What is the same for all neurons of a node.
struct GeneralLifRule {
  Reset reset = Reset::subtract;
  bool reset_delay = false;
};

/// One time step of a general leaky integrate-and-fire neuron; true when it fires. The statement of the
/// equation that reference and CUDA kernels share, in this order of operations (of float32, each rounded):
///   owed = v_drop where reset_delay and v >= v_threshold, else 0
///   v <- ((v_leak + (v - v_leak) * decay) + x) - owed
///   fire if v >= v_threshold
///   on firing v <- v - v_drop (unless reset_delay) | v_reset | v
///   v <- max(v, v_min)
/// A neuron owes a drop that fired in the step before, or that began at its threshold.
/// Number is float, or std::int32_t in fixed arithmetic.
template <class Number>
RHEOBASE_HD inline bool general_lif_step(Number& v, Number x, const GeneralLifNeuron<Number>& neuron,
                                         const GeneralLifRule& rule) {
  const bool owes = rule.reset_delay && v >= neuron.v_threshold;
  v = (neuron.v_leak + decayed(v - neuron.v_leak, neuron.decay)) + x;
  if (owes) v -= neuron.v_drop;
  const bool fire = v >= neuron.v_threshold;
  if (fire && rule.reset == Reset::subtract && !rule.reset_delay) v -= neuron.v_drop;
  if (fire && rule.reset == Reset::zero) v = neuron.v_reset;
  if (v < neuron.v_min) v = neuron.v_min;
  return fire;
}

}  // namespace rheobase
