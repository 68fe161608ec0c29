#include "converters/nir/import/neuron_parts.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>

namespace rheobase::nir {

Tensor threshold_of(const Reals& values, bool at_threshold) {
  Tensor result = tensor_of(values);
  for (float& value : result.reals()) {
    if (value < 0 || (at_threshold && value == 0))
      throw NodeFault(fmt::format("fires at {}, and only thresholds above 0 can be simulated", value));
    if (!at_threshold) value = std::nextafter(value, std::numeric_limits<float>::infinity());
  }
  return result;
}

std::string with_gain(const NeuronCall& call, const std::string& input, const Reals& gain) {
  if (std::all_of(gain.begin(), gain.end(), is_one)) return input;
  return call.maker.emit(
      call.node.name + "/gain",
      {"", "Affine", {input}, {}, {{"scale", tensor_of(gain)}, {"shift", scalar_tensor(0.0F)}}});
}

void expect(const NeuronCall& call, const char* parameter, double wanted) {
  if (call.node.find(parameter) == nullptr) return;
  for (const double value : call.values(parameter)) {
    if (std::abs(value - wanted) > 1e-6)
      throw NodeFault(fmt::format("has {} = {}, and only {} is known in the dialect {}", parameter, value,
                                  wanted, call.dialect.name));
  }
}

Reals if_gains(const NeuronCall& call) {
  Reals gains = call.values("r");
  for (double& gain : gains) {
    const auto known = if_gain(gain, call.dialect.dt);
    if (!known)
      throw NodeFault(
          fmt::format("has r = {}, and only 1 and 1 / dt = {} say what an input adds in a step; "
                      "--dt gives the dt",
                      gain, 1 / call.dialect.dt));
    gain = *known;
  }
  return gains;
}

Reals times(const NeuronCall& call, const char* parameter) {
  Reals values = call.values(parameter);
  for (const double value : values) {
    if (!(value > 0)) throw NodeFault(fmt::format("has {} = {}, expected more than 0", parameter, value));
  }
  return values;
}

}  // namespace rheobase::nir
