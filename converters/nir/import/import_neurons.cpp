// IF, LIF and Threshold as LIF of ours: spikes are worth 1.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "converters/nir/import/node_import.h"
#include "neurons/lif.h"

namespace rheobase::nir {
namespace {

using Reals = std::vector<double>;

// Reals a channel: functions of the channels of two lists, of which either may be one number.
template <class Function>
Reals combined(const Reals& a, const Reals& b, const Function& function) {
  Reals result;
  for (std::size_t i = 0; i < std::max(a.size(), b.size()); ++i)
    result.push_back(function(a[a.size() == 1 ? 0 : i], b[b.size() == 1 ? 0 : i]));
  return result;
}

// v > threshold is v >= the next number of float32.
Tensor threshold_of(const Reals& values, bool at_threshold) {
  Tensor result = tensor_of(values);
  for (float& value : result.reals()) {
    if (value < 0 || (at_threshold && value == 0))
      throw NodeFault(fmt::format("fires at {}, and only thresholds above 0 can be simulated", value));
    if (!at_threshold) value = std::nextafter(value, std::numeric_limits<float>::infinity());
  }
  return result;
}

// What it takes of its input in a step.
std::string with_gain(const NirNode& node, const std::string& input, const Reals& gain, GraphMaker& maker) {
  const auto is_one = [](double value) { return std::abs(value - 1) <= 1e-6; };
  if (std::all_of(gain.begin(), gain.end(), is_one)) return input;
  return maker.emit(
      node.name + "/gain",
      {"", "Affine", {input}, {}, {{"scale", tensor_of(gain)}, {"shift", scalar_tensor(0.0F)}}});
}

Tensor start_of(Dialect::Start start, const LifParameters& parameters) {
  if (start == Dialect::Start::leak) return parameters.v_leak;
  return start == Dialect::Start::reset ? parameters.v_reset : scalar_tensor(0.0F);
}

Reals if_gains(const NirNode& node, const Shape& shape, double dt) {
  Reals gains = per_channel(node, "r", shape);
  for (double& gain : gains) {
    const auto known = if_gain(gain, dt);
    if (!known)
      throw NodeFault(
          fmt::format("has r = {}, and only 1 and 1 / dt = {} say what an input adds in a step; "
                      "--dt gives the dt",
                      gain, 1 / dt));
    gain = *known;
  }
  return gains;
}

}  // namespace

std::string import_neuron(const NirNode& node, const std::string& input, const Dialect& dialect,
                          GraphMaker& maker) {
  const Shape shape = maker.shape(input);
  LifParameters parameters;
  Reals gain{1.0};
  parameters.height = scalar_tensor(1.0F);
  if (node.type == "Threshold") {
    parameters.decay = scalar_tensor(0.0F);
    parameters.reset = Reset::none;
    parameters.v_threshold = threshold_of(per_channel(node, "threshold", shape), false);
    return maker.emit(node.name, parameters.node("", input));
  }
  if (node.type == "IF") gain = if_gains(node, shape, dialect.dt);
  if (node.type == "LIF") {
    const Reals tau = per_channel(node, "tau", shape);
    const auto bad = std::find_if(tau.begin(), tau.end(), [&](double t) { return !(t >= dialect.dt); });
    if (bad != tau.end())
      throw NodeFault(
          fmt::format("has tau = {}, less than a step of {}: --dt gives the length of a step in "
                      "the same unit",
                      *bad, dialect.dt));
    parameters.decay = tensor_of(combined(tau, {dialect.dt}, [](double t, double dt) { return 1 - dt / t; }));
    gain =
        combined(per_channel(node, "r", shape), tau, [&](double r, double t) { return r * dialect.dt / t; });
    parameters.v_leak = tensor_of(per_channel(node, "v_leak", shape));
  }
  if (node.find("v_reset") != nullptr) parameters.v_reset = tensor_of(per_channel(node, "v_reset", shape));
  parameters.reset = Reset::zero;
  parameters.v_threshold = threshold_of(per_channel(node, "v_threshold", shape), dialect.at_threshold);
  parameters.v_init = start_of(dialect.start, parameters);
  return maker.emit(node.name, parameters.node("", with_gain(node, input, gain, maker)));
}

}  // namespace rheobase::nir
