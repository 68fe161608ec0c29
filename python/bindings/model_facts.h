#pragma once

#include <nanobind/nanobind.h>

#include <cstdint>
#include <string>
#include <vector>

#include "sim/format/model_file.h"

namespace rheobase::python {

/// One node of a network, apart from its numbers.
struct NodeFacts {
  std::string name;
  std::string op;
  std::vector<std::string> inputs;
  Shape shape;                  ///< of its output
  std::int64_t parameters = 0;  ///< numbers in its tensors; those of Input, which normalise, do not count
  std::int64_t neurons = 0;     ///< 0 for what is no neuron
  bool spiking = false;
};

/// In the order in which they run.
std::vector<NodeFacts> node_facts(const Model& model);

/// What `rheobase info --json` says of the model, under the same names, but for its file and this machine.
nanobind::dict model_info(const Model& model);

}  // namespace rheobase::python
