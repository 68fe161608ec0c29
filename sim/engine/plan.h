#pragma once

#include <memory>
#include <vector>

#include "sim/engine/engine.h"

namespace rheobase {

/// One node as the engine runs it.
struct PlannedNode {
  std::unique_ptr<Kernel> kernel;  ///< none for Input, whose output the engine writes
  SignalSpec output;
  std::vector<int> inputs;  ///< indices of the nodes it reads
  int buffer = -1;          ///< which buffer holds its output
};

/// What an engine does in a step, worked out once. Nodes whose output is the same at every step of a sample
/// come first: they run once, in the sample's first step.
struct Plan {
  std::vector<Node> graph_nodes;  ///< in running order, without their tensors
  std::vector<PlannedNode> nodes;
  int constant_nodes = 0;  ///< nodes [0, constant_nodes) are constant
  int input = -1;
  int output = -1;
  /// Bytes a slot of each buffer. Signals that are needed within a step only share buffers.
  std::vector<std::size_t> buffer_bytes;
};

/// Throws InputError if the graph is not sound or an op has no kernel on the device.
Plan make_plan(const Graph& graph, const Registry& registry, const EngineOptions& options);

}  // namespace rheobase
