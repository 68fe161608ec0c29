#pragma once

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "experiments/diagnosis/diagnosis.h"
#include "neurons/if.h"
#include "neurons/qcfs.h"
#include "tests/support/build_graph.h"

namespace rheobase::test {

/// Images of random pixels, of class 0.
class RandomImages : public DataSet {
 public:
  RandomImages(Shape shape, int samples) : DataSet(info(std::move(shape), samples)) {}
  void read(std::int64_t index, std::span<float> pixels) const override {
    std::mt19937 random(static_cast<std::uint32_t>(index));
    std::uniform_real_distribution<float> uniform(0.0F, 1.0F);
    std::generate(pixels.begin(), pixels.end(), [&] { return uniform(random); });
  }

 private:
  static DataInfo info(Shape shape, int samples) {
    DataInfo info;
    info.labels.assign(samples, 0);
    info.shape = std::move(shape);
    return info;
  }
};

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
