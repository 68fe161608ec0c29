// The neurons of NIR as LIF, BurstLIF and LI of ours: spikes are worth 1.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <utility>

#include "converters/nir/import/node_import.h"
#include "neurons/burst_lif.h"
#include "neurons/li.h"
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

void expect(const NirNode& node, const char* parameter, const Shape& shape, double wanted) {
  if (node.find(parameter) == nullptr) return;
  for (const double value : per_channel(node, parameter, shape)) {
    if (std::abs(value - wanted) > 1e-6)
      throw NodeFault(
          fmt::format("has {} = {}, and only {} is known in the dialect sinabs", parameter, value, wanted));
  }
}

// What a step leaves, and what it takes of its input times the resistance: Euler's 1 - dt / tau and dt / tau,
// or Sinabs' exp(-dt / tau) and 1.
struct Filter {
  Reals decay, gain;
};
Filter filter_of(const NirNode& node, const char* parameter, const Shape& shape, const Dialect& dialect) {
  Filter filter;
  for (const double tau : per_channel(node, parameter, shape)) {
    if (!(tau > 0)) throw NodeFault(fmt::format("has {} = {}, expected more than 0", parameter, tau));
    if (!dialect.bursts && tau < dialect.dt)
      throw NodeFault(
          fmt::format("has {} = {}, less than a step of {}: --dt gives the length of a step in the same unit",
                      parameter, tau, dialect.dt));
    filter.decay.push_back(dialect.bursts ? std::exp(-dialect.dt / tau) : 1 - dialect.dt / tau);
    filter.gain.push_back(dialect.bursts ? 1 : dialect.dt / tau);
  }
  return filter;
}

double product(double a, double b) { return a * b; }

std::string import_threshold(const NirNode& node, const std::string& input, GraphMaker& maker) {
  LifParameters parameters;
  parameters.height = scalar_tensor(1.0F);
  parameters.decay = scalar_tensor(0.0F);
  parameters.reset = Reset::none;
  parameters.v_threshold = threshold_of(per_channel(node, "threshold", maker.shape(input)), false);
  return maker.emit(node.name, parameters.node("", input));
}

// I and LI.
std::string import_integrator(const NirNode& node, const std::string& input, const Dialect& dialect,
                              GraphMaker& maker) {
  const Shape shape = maker.shape(input);
  LiParameters parameters;
  Reals gain;
  if (node.type == "I") {
    gain = if_gains(node, shape, dialect.dt);
  } else {
    const Filter filter = filter_of(node, "tau", shape, dialect);
    if (dialect.bursts) {
      for (const auto& [parameter, value] : {std::pair("r", 1.0), std::pair("v_leak", 0.0)})
        expect(node, parameter, shape, value);
    }
    parameters.decay = tensor_of(filter.decay);
    parameters.v_leak = tensor_of(per_channel(node, "v_leak", shape));
    gain = combined(per_channel(node, "r", shape), filter.gain, product);
  }
  if (dialect.start != Dialect::Start::leak) parameters.v_init = scalar_tensor(0.0F);
  return maker.emit(node.name, parameters.node("", with_gain(node, input, gain, maker)));
}

// IAF and LIF of Sinabs as its from_nir() makes them: MultiSpike, MembraneSubtract, norm_input off.
std::string import_burst(const NirNode& node, const std::string& input, const Dialect& dialect,
                         GraphMaker& maker) {
  const Shape shape = maker.shape(input);
  BurstLifParameters parameters;
  parameters.height = scalar_tensor(1.0F);
  const Reals threshold = per_channel(node, "v_threshold", shape);
  parameters.v_threshold = threshold_of(threshold, true);
  expect(node, "v_reset", shape, 0);
  if (node.type == "IF") {
    Reals lowest = threshold;
    for (double& value : lowest) value = -value;
    parameters.v_min = tensor_of(lowest);
  } else {
    expect(node, "v_leak", shape, 0);
    parameters.decay = tensor_of(filter_of(node, "tau", shape, dialect).decay);
  }
  return maker.emit(node.name, parameters.node("", input));
}

// IF, LIF and CubaLIF, whose current is an LI before it. What the current is multiplied by on its way into
// the potential is multiplied before both, which are linear.
std::string import_single(const NirNode& node, const std::string& input, const Dialect& dialect,
                          GraphMaker& maker) {
  const Shape shape = maker.shape(input);
  LifParameters parameters;
  parameters.height = scalar_tensor(1.0F);
  Reals gain;
  std::string current = input;
  if (node.type == "IF") {
    gain = if_gains(node, shape, dialect.dt);
  } else {
    const bool cuba = node.type == "CubaLIF";
    const Filter membrane = filter_of(node, cuba ? "tau_mem" : "tau", shape, dialect);
    parameters.decay = tensor_of(membrane.decay);
    parameters.v_leak = tensor_of(per_channel(node, "v_leak", shape));
    gain = combined(per_channel(node, "r", shape), membrane.gain, product);
    if (cuba) {
      const Filter synapse = filter_of(node, "tau_syn", shape, dialect);
      const Reals w_in = node.find("w_in") == nullptr ? Reals{1} : per_channel(node, "w_in", shape);
      gain = combined(combined(w_in, synapse.gain, product), gain, product);
      LiParameters filter;
      filter.decay = tensor_of(synapse.decay);
      current = maker.emit(node.name + "/current", filter.node("", with_gain(node, current, gain, maker)));
      gain = {1};
    }
  }
  if (node.find("v_reset") != nullptr) parameters.v_reset = tensor_of(per_channel(node, "v_reset", shape));
  parameters.reset = Reset::zero;
  parameters.v_threshold = threshold_of(per_channel(node, "v_threshold", shape), dialect.at_threshold);
  parameters.v_init = start_of(dialect.start, parameters);
  return maker.emit(node.name, parameters.node("", with_gain(node, current, gain, maker)));
}

}  // namespace

bool is_neuron(const std::string& type) {
  static const std::set<std::string> types{"CubaLIF", "I", "IF", "LI", "LIF", "Threshold"};
  return types.contains(type);
}

std::string import_neuron(const NirNode& node, const std::string& input, const Dialect& dialect,
                          GraphMaker& maker) {
  if (node.type == "Threshold") return import_threshold(node, input, maker);
  if (node.type == "I" || node.type == "LI") return import_integrator(node, input, dialect, maker);
  if (!dialect.bursts) return import_single(node, input, dialect, maker);
  if (node.type == "CubaLIF") throw NodeFault("is a CubaLIF, which the dialect sinabs does not have");
  return import_burst(node, input, dialect, maker);
}

}  // namespace rheobase::nir
