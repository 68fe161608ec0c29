#pragma once

#include <memory>
#include <vector>

#include "sim/engine/engine.h"
#include "sim/graph/op_schema.h"

namespace rheobase {

/// One node as the engine runs it.
struct PlannedNode {
  std::unique_ptr<Kernel> kernel;  ///< of Input: its encoder; none where absorbed
  SignalSpec output;
  InitialState state;
  std::int64_t max_steps = unlimited_steps;
  Role role = Role::carrier;
  bool spiking = false;     ///< a neuron that emits spikes
  std::vector<int> inputs;  ///< indices of the nodes it reads
  int delays = -1;          ///< of a Delay: the node whose output of the step before it emits
  bool absorbed = false;    ///< computed within a later node: its output is never stored
  int buffer = -1;          ///< which buffer holds its output
};

/// Storage of signals that are not needed at the same time.
struct PlannedBuffer {
  std::size_t bytes = 0;  ///< of a lane, or of a slot where constant
  bool constant = false;  ///< holds signals that all steps of a sample share
};

/// What an engine does in a step, worked out once. Nodes whose output is the same at every step of a sample
/// come first: they run once, in the sample's first step.
struct Plan {
  Arithmetic arithmetic = Arithmetic::float32;
  std::vector<Node> graph_nodes;  ///< in running order, without their tensors
  std::vector<PlannedNode> nodes;
  int constant_nodes = 0;    ///< nodes [0, constant_nodes) are constant
  std::vector<int> spiking;  ///< neurons that emit spikes
  std::vector<int> delays;   ///< nodes that emit what another emitted a step before
  int input = -1;
  int output = -1;
  std::vector<PlannedBuffer> buffers;
  bool running = false;                      ///< logits are t times a running value: attribute of the Output
  std::vector<float> start;                  ///< of the readout's sums, one a class
  std::vector<float> units;                  ///< fixed arithmetic: of the readout, one number or one a class
  std::int64_t max_steps = unlimited_steps;  ///< after which fixed arithmetic might overflow,
  std::string max_steps_node;                ///< in this neuron
};

/// Throws InputError if the graph is not sound, an op has no kernel on the device, or fixed arithmetic might
/// overflow.
Plan make_plan(const Graph& graph, const Registry& registry, const EngineOptions& options);

}  // namespace rheobase
