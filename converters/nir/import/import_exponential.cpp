// The neurons of frameworks whose potentials decay by exp(-dt / tau): Sinabs, Rockpool, Nengo. As their own
// importers make them, as BurstLIF, GeneralLIF and LI of ours.
#include <fmt/format.h>

#include <cmath>

#include "converters/nir/import/neuron_parts.h"
#include "neurons/burst_lif.h"
#include "neurons/general_lif.h"
#include "neurons/li.h"

namespace rheobase::nir {
namespace {

[[noreturn]] void refuse_type(const NeuronCall& call, const char* why) {
  throw NodeFault(fmt::format("is a {}, which the dialect {} {}", call.node.type, call.dialect.name, why));
}

Tensor decays(const Reals& taus, double dt) {
  Reals result = taus;
  for (double& value : result) value = std::exp(-dt / value);
  return tensor_of(result);
}

// Fires as often as thresholds fit, at the threshold, which it loses.
BurstLifParameters bursting(const NeuronCall& call) {
  BurstLifParameters parameters;
  parameters.height = scalar_tensor(1.0F);
  parameters.v_threshold = threshold_of(call.values("v_threshold"), true);
  expect(call, "v_reset", 0);
  return parameters;
}

// IAF, LIF and ExpLeak as Sinabs' from_nir() makes them: MultiSpike, MembraneSubtract, norm_input off.
std::string import_sinabs(const NeuronCall& call) {
  const std::string& type = call.node.type;
  if (type == "CubaLIF" || type == "CubaLI" || type == "I") refuse_type(call, "does not have");
  if (type == "LI") {
    for (const auto& [parameter, value] : {std::pair("r", 1.0), std::pair("v_leak", 0.0)})
      expect(call, parameter, value);
    LiParameters parameters;
    parameters.decay = decays(times(call, "tau"), call.dialect.dt);
    parameters.v_init = scalar_tensor(0.0F);
    return call.maker.emit(call.node.name, parameters.node("", call.input));
  }
  BurstLifParameters parameters = bursting(call);
  if (type == "IF") {
    Reals lowest = call.values("v_threshold");
    for (double& value : lowest) value = -value;
    parameters.v_min = tensor_of(lowest);
  } else {
    expect(call, "v_leak", 0);
    parameters.decay = decays(times(call, "tau"), call.dialect.dt);
  }
  return call.maker.emit(call.node.name, parameters.node("", call.input));
}

// The y = dt / tau of which Rockpool's exporter made r = exp(-y) / y, which falls with y: by halving.
double steps_a_tau(double r) {
  if (!(r > 0)) throw NodeFault(fmt::format("has r = {}, expected more than 0", r));
  double low = 1e-9, high = 100;
  for (int i = 0; i < 100; ++i) {
    const double middle = std::sqrt(low * high);
    (std::exp(-middle) / middle > r ? low : high) = middle;
  }
  return low;
}

// How long a step is: as asked for, the default where r says the same, else what r says in the first neuron
// that has the shortest.
double rockpool_dt(const NeuronCall& call, const Reals& taus) {
  constexpr double tolerance = 1e-5;  // Rockpool computes in float32
  double dt = call.dialect.dt;
  if (call.dialect.has_dt) return dt;
  const Reals r = call.values("r");
  const Reals shares =
      combined(r, taus, [dt](double value, double tau) { return value * dt / tau * std::exp(dt / tau); });
  if (std::all_of(shares.begin(), shares.end(),
                  [](double share) { return std::abs(share - 1) <= tolerance; }))
    return dt;
  const Reals each = combined(r, taus, [](double value, double tau) { return steps_a_tau(value) * tau; });
  return *std::min_element(each.begin(), each.end());
}

// LIFTorch, and LIFNeuronTorch without a current of its own. I <- (I + x) b, v <- a v + I, with a and b for
// the taus.
std::string import_rockpool(const NeuronCall& call) {
  const std::string& type = call.node.type;
  if (type == "LI")
    refuse_type(call, "reads with tau as a whole number of seconds, which leaves nothing of it");
  if (type != "LIF" && type != "CubaLIF") refuse_type(call, "does not have");
  BurstLifParameters parameters = bursting(call);
  expect(call, "v_leak", 0);
  const Reals taus = times(call, type == "LIF" ? "tau" : "tau_mem");
  const double dt = rockpool_dt(call, taus);
  parameters.decay = decays(taus, dt);
  std::string current = call.input;
  if (type == "CubaLIF") {
    expect(call, "w_in", 1);
    LiParameters filter;
    filter.decay = decays(times(call, "tau_syn"), dt);
    Reals gain;
    for (const float decay : filter.decay.reals()) gain.push_back(decay);
    current = call.maker.emit(call.node.name + "/current", filter.node("", with_gain(call, current, gain)));
  }
  return call.maker.emit(call.node.name, parameters.node("", current));
}

// IF and LIF of the converters that the NIR project keeps for Nengo: v goes to 0 with a spike; that of LIF is
// never below 0, one tau is for all, and a spike is worth 1 / dt.
std::string import_nengo(const NeuronCall& call) {
  const std::string& type = call.node.type;
  if (type == "LI" || type == "CubaLIF")
    refuse_type(call, "filters by a synapse that tells what it read a step later, which has no counterpart");
  if (type != "IF" && type != "LIF") refuse_type(call, "does not have");
  for (const auto& [parameter, value] :
       {std::pair("r", 1.0), std::pair("v_leak", 0.0), std::pair("v_reset", 0.0)})
    expect(call, parameter, value);
  GeneralLifParameters parameters;
  parameters.reset = Reset::zero;
  parameters.height = scalar_tensor(1.0F);
  parameters.v_threshold = threshold_of(call.values("v_threshold"), false);
  parameters.v_init = scalar_tensor(0.0F);
  Reals gain{1};
  if (type == "LIF") {
    const Reals taus = times(call, "tau");
    if (taus.size() > 1)
      throw NodeFault("has more than one tau, and the dialect nengo takes the first neuron's for all");
    parameters.decay = decays(taus, call.dialect.dt);
    parameters.v_min = scalar_tensor(0.0F);
    parameters.height = tensor_of({1 / call.dialect.dt});
    gain = {-std::expm1(-call.dialect.dt / taus[0])};
  }
  return call.maker.emit(call.node.name, parameters.node("", with_gain(call, call.input, gain)));
}

}  // namespace

std::string import_exponential(const NeuronCall& call) {
  switch (call.dialect.rule) {
    case Dialect::Rule::rockpool:
      return import_rockpool(call);
    case Dialect::Rule::nengo:
      return import_nengo(call);
    default:
      return import_sinabs(call);
  }
}

}  // namespace rheobase::nir
