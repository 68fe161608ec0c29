#include "converters/passes.h"
#include "converters/passes/max_pools.h"
#include "neurons/if.h"
#include "neurons/qcfs.h"

namespace rheobase {
namespace {

Node spiking(const Node& node) {
  const QcfsParameters qcfs = QcfsParameters::of(node);
  IfParameters neuron;
  neuron.v_threshold = qcfs.lambda;
  neuron.v_init = qcfs.lambda;
  for (float& v_init : neuron.v_init.reals()) v_init /= 2;
  return neuron.node(node.name, node.inputs.at(0));
}

}  // namespace

void convert_to_snn(Graph& graph, const SchemaSet& schemas, const std::string& source) {
  std::vector<Fault> faults;
  for (const Node& node : graph.nodes) {
    if (node.op == "ReLU") {
      faults.push_back(
          {node.name,
           "a ReLU has no threshold until one is calibrated from data; retrain with QCFS activations, "
           "or use '--to ann' to keep the network as it is"});
    } else if (node.op == "Sign") {
      faults.push_back(
          {node.name, "a binary activation has no spiking counterpart; train with QCFS activations"});
    }
  }
  throw_if_any(source, faults);
  move_max_pools(graph, schemas);
  cumulate_max_pools(graph);
  for (Node& node : graph.nodes) {
    if (node.op == "QCFS") node = spiking(node);
  }
}

}  // namespace rheobase
