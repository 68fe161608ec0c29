#pragma once

// What the importers of neurons share.

#include <algorithm>
#include <string>
#include <vector>

#include "converters/nir/import/node_import.h"

namespace rheobase::nir {

using Reals = std::vector<double>;

/// A neuron of NIR on its way into ours.
struct NeuronCall {
  const NirNode& node;
  const std::string& input;
  const Dialect& dialect;
  GraphMaker& maker;
  const Shape shape;  ///< of the input

  Reals values(const char* parameter) const { return per_channel(node, parameter, shape); }
};

/// Reals a channel: functions of the channels of two lists, of which either may be one number.
template <class Function>
Reals combined(const Reals& a, const Reals& b, const Function& function) {
  Reals result;
  for (std::size_t i = 0; i < std::max(a.size(), b.size()); ++i)
    result.push_back(function(a[a.size() == 1 ? 0 : i], b[b.size() == 1 ? 0 : i]));
  return result;
}
inline double product(double a, double b) { return a * b; }

/// v > threshold is v >= the next number of float32.
Tensor threshold_of(const Reals& values, bool at_threshold);

/// The node of ours that multiplies `input` by what it takes of it in a step.
std::string with_gain(const NeuronCall& call, const std::string& input, const Reals& gain);

/// Throws NodeFault where the file has the parameter and it is another number than the one the dialect knows.
void expect(const NeuronCall& call, const char* parameter, double wanted);

/// 1 a channel, or a NodeFault where an IF's r says neither of the two conventions.
Reals if_gains(const NeuronCall& call);

/// The parameter, a time constant; throws NodeFault where one is not above 0.
Reals times(const NeuronCall& call, const char* parameter);

std::string import_exponential(const NeuronCall& call);

}  // namespace rheobase::nir
