// The neurons of NIR by Euler's rule, as LIF, GeneralLIF and LI of ours: spikes are worth 1.
#include <fmt/format.h>

#include <cmath>
#include <set>
#include <utility>

#include "converters/nir/import/neuron_parts.h"
#include "neurons/general_lif.h"
#include "neurons/li.h"
#include "neurons/lif.h"

namespace rheobase::nir {
namespace {

// What a step leaves, and what it takes of its input times the resistance: 1 - dt / tau and dt / tau.
struct Filter {
  Reals decay, gain;
};
Filter filter_of(const NeuronCall& call, const char* parameter) {
  Filter filter;
  const double dt = call.dialect.dt;
  for (const double tau : times(call, parameter)) {
    if (tau < dt)
      throw NodeFault(
          fmt::format("has {} = {}, less than a step of {}: --dt gives the length of a step in the same unit",
                      parameter, tau, dt));
    filter.decay.push_back(1 - dt / tau);
    filter.gain.push_back(dt / tau);
  }
  return filter;
}

Reals w_in_of(const NeuronCall& call) {
  return call.node.find("w_in") == nullptr ? Reals{1} : call.values("w_in");
}

Tensor start_of(Dialect::Start start, const LifParameters& parameters) {
  if (start == Dialect::Start::leak) return parameters.v_leak;
  return start == Dialect::Start::reset ? parameters.v_reset : scalar_tensor(0.0F);
}

std::string import_threshold(const NeuronCall& call) {
  LifParameters parameters;
  parameters.height = scalar_tensor(1.0F);
  parameters.decay = scalar_tensor(0.0F);
  parameters.reset = Reset::none;
  parameters.v_threshold = threshold_of(call.values("threshold"), false);
  return call.maker.emit(call.node.name, parameters.node("", call.input));
}

// The current of a CubaLIF or CubaLI, which is filtered before the membrane. What it is multiplied by on its
// way into the potential is multiplied before both, which are linear.
std::string filtered_current(const NeuronCall& call, const Reals& gain) {
  const Filter synapse = filter_of(call, "tau_syn");
  const Reals all = combined(combined(w_in_of(call), synapse.gain, product), gain, product);
  LiParameters filter;
  filter.decay = tensor_of(synapse.decay);
  return call.maker.emit(call.node.name + "/current", filter.node("", with_gain(call, call.input, all)));
}

// I, LI and CubaLI.
std::string import_integrator(const NeuronCall& call) {
  LiParameters parameters;
  Reals gain{1};
  std::string current = call.input;
  if (call.node.type == "I") {
    gain = if_gains(call);
  } else {
    const bool cuba = call.node.type == "CubaLI";
    const Filter membrane = filter_of(call, cuba ? "tau_mem" : "tau");
    parameters.decay = tensor_of(membrane.decay);
    parameters.v_leak = tensor_of(call.values("v_leak"));
    gain = combined(call.values("r"), membrane.gain, product);
    if (cuba) current = filtered_current(call, std::exchange(gain, {1}));
  }
  if (call.dialect.start != Dialect::Start::leak) parameters.v_init = scalar_tensor(0.0F);
  return call.maker.emit(call.node.name, parameters.node("", with_gain(call, current, gain)));
}

// A reset by subtraction: of v_threshold itself, where LIF would subtract the next number of float32.
Node subtracting(const NeuronCall& call, const LifParameters& lif) {
  expect(call, "v_reset", 0);
  GeneralLifParameters parameters;
  parameters.decay = lif.decay;
  parameters.v_threshold = lif.v_threshold;
  parameters.v_leak = lif.v_leak;
  parameters.v_init = lif.v_init;
  parameters.height = lif.height;
  parameters.v_drop = tensor_of(call.values("v_threshold"));
  parameters.reset_delay = call.dialect.reset == Dialect::Reset::delayed;
  return parameters.node("", "");
}

// IF, LIF and CubaLIF.
std::string import_spiking(const NeuronCall& call) {
  LifParameters parameters;
  parameters.height = scalar_tensor(1.0F);
  Reals gain;
  std::string current = call.input;
  if (call.node.type == "IF") {
    gain = if_gains(call);
  } else {
    const bool cuba = call.node.type == "CubaLIF";
    const Filter membrane = filter_of(call, cuba ? "tau_mem" : "tau");
    parameters.decay = tensor_of(membrane.decay);
    parameters.v_leak = tensor_of(call.values("v_leak"));
    gain = combined(call.values("r"), membrane.gain, product);
    if (cuba) current = filtered_current(call, std::exchange(gain, {1}));
  }
  if (call.node.find("v_reset") != nullptr) parameters.v_reset = tensor_of(call.values("v_reset"));
  parameters.reset = Reset::zero;
  parameters.v_threshold = threshold_of(call.values("v_threshold"), call.dialect.at_threshold);
  parameters.v_init = start_of(call.dialect.start, parameters);
  // At the threshold, what is subtracted is what it fires at.
  const bool exact = call.dialect.at_threshold && call.dialect.reset == Dialect::Reset::subtract;
  if (exact) parameters.reset = Reset::subtract;
  const bool plain = exact || call.dialect.reset == Dialect::Reset::zero;
  Node neuron = plain ? parameters.node("", "") : subtracting(call, parameters);
  neuron.inputs = {with_gain(call, current, gain)};
  return call.maker.emit(call.node.name, std::move(neuron));
}

// Lava's importer takes its LIF's r for 1 and its CubaLIF's for tau_mem / dt, and has no v_leak.
void expect_lava(const NeuronCall& call) {
  if (call.node.type == "I" || call.node.type == "LI" || call.node.type == "CubaLI")
    throw NodeFault(fmt::format("is a {}, which the dialect lava does not have", call.node.type));
  for (const char* parameter : {"v_leak", "v_reset"}) expect(call, parameter, 0);
  if (call.node.type != "CubaLIF") return expect(call, "r", 1);
  const Reals shares = combined(call.values("r"), times(call, "tau_mem"),
                                [&](double r, double tau) { return r * call.dialect.dt / tau; });
  if (!std::all_of(shares.begin(), shares.end(), is_one))
    throw NodeFault(
        "has another r than tau_mem / dt, the only one that the dialect lava knows; --dt gives the dt");
}

}  // namespace

bool is_neuron(const std::string& type) {
  static const std::set<std::string> types{"CubaLI", "CubaLIF", "I", "IF", "LI", "LIF", "Threshold"};
  return types.contains(type);
}

std::string import_neuron(const NirNode& node, const std::string& input, const Dialect& dialect,
                          GraphMaker& maker) {
  const NeuronCall call{node, input, dialect, maker, maker.shape(input)};
  if (node.type == "Threshold") return import_threshold(call);
  if (dialect.rule != Dialect::Rule::euler && dialect.rule != Dialect::Rule::lava)
    return import_exponential(call);
  if (dialect.rule == Dialect::Rule::lava) expect_lava(call);
  if (node.type == "I" || node.type == "LI" || node.type == "CubaLI") return import_integrator(call);
  return import_spiking(call);
}

}  // namespace rheobase::nir
