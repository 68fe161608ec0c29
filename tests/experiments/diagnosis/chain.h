#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "experiments/diagnosis/diagnosis.h"
#include "neurons/if.h"
#include "neurons/qcfs.h"
#include "tests/experiments/random_images.h"
#include "tests/support/build_graph.h"

namespace rheobase::test {

/// `depth` times a convolution and QCFS, lambda 1 and 4 levels, named a0, a1, ...; then a linear layer. Input
/// 2x6x6, 3 classes.
inline Graph qcfs_chain(int depth) {
  testing::GraphBuilder b(5);
  std::string signal = b.input({2, 6, 6});
  for (int i = 0; i < depth; ++i) {
    signal = b.conv2d(signal, {.outputs = 6, .inputs = i == 0 ? 2 : 6});
    signal = b.add(QcfsParameters{scalar_tensor(1), 4}.node("a" + std::to_string(i), signal));
  }
  b.output(b.linear(b.op("Flatten", {signal}), 216, 3));
  return std::move(b.graph);
}

/// The same with IF neurons in place of QCFS: thresholds lambda times what `factors` say, 1 without;
/// potentials begin at half of it.
inline Graph spiking_chain(Graph graph, const std::map<std::string, float>& factors = {}) {
  for (Node& node : graph.nodes) {
    if (node.op != "QCFS") continue;
    const auto factor = factors.find(node.name);
    const float threshold = factor == factors.end() ? 1.0F : factor->second;
    IfParameters neuron;
    neuron.v_threshold = scalar_tensor(threshold);
    neuron.v_init = scalar_tensor(threshold / 2);
    node = neuron.node(node.name, node.inputs.at(0));
  }
  return graph;
}

inline Diagnosis diagnosed(const Graph& source, const Graph& spiking, int steps, int slots = 4,
                           int threads = 1) {
  const RandomImages data(source.input().integers("shape", {}), 10);
  return diagnose(source, spiking, data, testing::full_registry(),
                  {.samples = 10, .steps = steps, .slots = slots, .threads = threads});
}

}  // namespace rheobase::test
