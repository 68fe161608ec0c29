// Neurons of ours in NIR's terms: spikes are worth 1, and Euler's rule gives the step.
#include <algorithm>
#include <cmath>
#include <limits>

#include "converters/nir/export/encode_ops.h"
#include "neurons/burst_lif.h"
#include "neurons/general_lif.h"
#include "neurons/if.h"
#include "neurons/li.h"
#include "neurons/lif.h"

namespace rheobase::nir {
namespace {

using Reals = std::vector<double>;

// NIR has no neuron that loses nothing beside others that do: a step leaves 1 in float32.
constexpr double longest = 1 << 25;

bool all(const Tensor& tensor, double wanted) {
  const Reals values = numbers_of(tensor);
  return std::all_of(values.begin(), values.end(), [&](double value) { return value == wanted; });
}

template <class Function>
Reals each(const Tensor& tensor, const Function& function) {
  Reals values = numbers_of(tensor);
  for (double& value : values) value = function(value);
  return values;
}

// A number for every neuron.
Value full(const EncodeCall& call, const Reals& values) {
  return everywhere(call.node.name, call.shape(), values);
}

// v >= threshold is v > the number of float32 before it.
Reals below(const Tensor& threshold) {
  return each(threshold, [](double value) {
    return double{std::nextafter(static_cast<float>(value), -std::numeric_limits<float>::infinity())};
  });
}

// Where a step leaves 1 - dt / tau and takes r dt / tau of the input, which is 1: as snnTorch writes it.
double steps_of(double decay) { return decay < 1 ? std::min(longest, 1 / (1 - decay)) : longest; }
Reals tau(const EncodeCall& call, const Tensor& decay) {
  return each(decay, [&](double value) { return call.dt * steps_of(value); });
}
Reals resistance(const Tensor& decay) { return each(decay, steps_of); }

// Where it is 0, every reader since NIR 1.0.1 reads the file.
void put_reset(NirNode& node, const EncodeCall& call, Reset reset, const Tensor& v_reset) {
  if (reset == Reset::zero && !all(v_reset, 0)) node.parameters["v_reset"] = full(call, numbers_of(v_reset));
}

NirNode integrate_and_fire(const EncodeCall& call, const Reals& v_threshold) {
  return {"", "IF", {{"r", full(call, {1.0})}, {"v_threshold", full(call, v_threshold)}}, {}};
}

}  // namespace

NirNode encode_if(const EncodeCall& call) {
  const IfParameters neuron = IfParameters::of(call.node);
  NirNode node = integrate_and_fire(call, below(neuron.v_threshold));
  put_reset(node, call, neuron.reset, scalar_tensor(static_cast<float>(neuron.v_reset)));
  return node;
}

// LIF and GeneralLIF; what NIR does not have of the latter is in attributes alone.
template <class Neuron>
static NirNode leaky(const EncodeCall& call, const Neuron& neuron) {
  NirNode node = integrate_and_fire(call, below(neuron.v_threshold));
  put_reset(node, call, neuron.reset, neuron.v_reset);
  if (all(neuron.decay, 1)) return node;
  node.type = "LIF";
  node.parameters["tau"] = full(call, tau(call, neuron.decay));
  node.parameters["r"] = full(call, resistance(neuron.decay));
  node.parameters["v_leak"] = full(call, numbers_of(neuron.v_leak));
  return node;
}

NirNode encode_lif(const EncodeCall& call) {
  const LifParameters neuron = LifParameters::of(call.node);
  if (all(neuron.decay, 0) && all(neuron.v_leak, 0) && neuron.reset == Reset::none)
    return {"", "Threshold", {{"threshold", full(call, below(neuron.v_threshold))}}, {}};
  return leaky(call, neuron);
}

NirNode encode_general_lif(const EncodeCall& call) {
  return leaky(call, GeneralLifParameters::of(call.node));
}

NirNode encode_li(const EncodeCall& call) {
  const LiParameters neuron = LiParameters::of(call.node);
  if (all(neuron.decay, 1)) return {"", "I", {{"r", full(call, {1.0})}}, {}};
  return {"",
          "LI",
          {{"tau", full(call, tau(call, neuron.decay))},
           {"r", full(call, resistance(neuron.decay))},
           {"v_leak", full(call, numbers_of(neuron.v_leak))}},
          {}};
}

// As Sinabs has it, the only one that fires several times a step: at the threshold, a step leaves exp(-dt /
// tau) and takes the whole input.
NirNode encode_burst_lif(const EncodeCall& call) {
  const BurstLifParameters neuron = BurstLifParameters::of(call.node);
  NirNode node = integrate_and_fire(call, numbers_of(neuron.v_threshold));
  if (all(neuron.decay, 1)) return node;
  const Reals taus = each(neuron.decay, [&](double decay) {
    const double least = std::numeric_limits<float>::denorm_min();
    return call.dt * (decay < 1 ? std::min(longest, -1 / std::log(std::max(decay, least))) : longest);
  });
  node.type = "LIF";
  node.parameters["tau"] = full(call, taus);
  node.parameters["v_leak"] = full(call, {0.0});
  return node;
}

}  // namespace rheobase::nir
