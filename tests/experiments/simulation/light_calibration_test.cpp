// Neurons say on average what their activations do, whatever the order in which samples come and go.
#include "experiments/simulation/light_calibration.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "converters/passes/spiking.h"
#include "sim/core/error.h"
#include "sim/engine/engine.h"
#include "tests/experiments/random_images.h"
#include "tests/experiments/small_relu_network.h"
#include "tests/support/build_graph.h"

namespace rheobase {
namespace {

using test::RandomImages;
using test::small_relu_network;
using testing::full_registry;

constexpr int steps = 4;
const Shape shape{2, 6, 6};

// The same thresholds everywhere: too small for some channels, too large for others.
Graph spiking_network(SpikingMethod method) {
  Graph graph = small_relu_network();
  SpikingOptions options{method, default_levels(method), {}};
  options.thresholds = {{"first", std::vector<float>(5, 0.8F)}, {"second", std::vector<float>(4, 0.8F)}};
  convert_to_snn(graph, full_registry().schemas(), "net", options);
  return graph;
}

Corrections corrections(const Graph& spiking, Correction correction, int threads = 1) {
  const RandomImages data(shape, 40);
  return find_corrections(small_relu_network(), spiking, correction, steps, data, full_registry(),
                          {40, threads});
}

Graph corrected(Graph spiking, Correction correction) {
  const Registry registry = full_registry();
  for (const auto& [neuron, difference] : corrections(spiking, correction))
    correct_neuron(spiking, registry.schemas(), neuron, difference, correction, steps);
  return spiking;
}

double size(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0,
                         [](double sum, double v) { return sum + std::abs(v); });
}

TEST(LightCalibration, IsAMeanThatTheEngineGivesImageByImage) {
  const Graph source = small_relu_network();
  const RandomImages data(shape, 40);
  std::vector<double> expected(5);
  Graph cut = source;  // up to `first`
  std::erase_if(cut.nodes, [](const Node& node) {
    return node.name != "input" && node.name != "first" && (node.inputs.empty() || node.inputs[0] != "input");
  });
  cut.nodes.push_back({"flat", "Flatten", {"first"}, {}, {}});
  cut.nodes.push_back({"output", "Output", {"flat"}, {}, {}});
  Engine engine(cut, full_registry(), {});
  std::vector<float> image(72);
  for (int i = 0; i < 40; ++i) {
    data.read(i, image);
    engine.load(0, image, 0);
    engine.step();
    for (int k = 0; k < 5 * 36; ++k) expected[k / 36] += engine.logits(0)[k] / (40.0 * 36.0);
    engine.release(0);
  }
  // Neurons that never fire lack all of it.
  Graph silent = spiking_network(SpikingMethod::integrate_and_fire);
  for (Node& node : silent.nodes) {
    if (node.op == "IF") node.tensors["v_threshold"] = scalar_tensor(1e9F);
    if (node.op == "IF") node.tensors["v_init"] = scalar_tensor(0.0F);
  }
  const Corrections found = corrections(silent, Correction::bias);
  for (int c = 0; c < 5; ++c) EXPECT_NEAR(found.at("first")[c], expected[c], 1e-5) << c;
}

TEST(LightCalibration, LeavesLessToCorrect) {
  for (const auto& [method, correction] : {std::pair{SpikingMethod::integrate_and_fire, Correction::bias},
                                           {SpikingMethod::integrate_and_fire, Correction::potential},
                                           {SpikingMethod::signed_if, Correction::bias}}) {
    const Graph before = spiking_network(method);
    const Corrections lacking = corrections(before, correction);
    const Corrections left = corrections(corrected(before, correction), correction);
    for (const auto& [neuron, difference] : lacking)
      EXPECT_LT(size(left.at(neuron)), 0.8 * size(difference)) << to_string(method) << ' ' << neuron;
  }
}

TEST(LightCalibration, DoesNotDependOnThreads) {
  const Graph spiking = spiking_network(SpikingMethod::multi_threshold);
  EXPECT_EQ(corrections(spiking, Correction::bias, 1), corrections(spiking, Correction::bias, 3));
}

TEST(LightCalibration, RefusesSamplesThatDoNotFit) {
  const RandomImages data({2, 5, 6}, 20);
  EXPECT_THROW(find_corrections(small_relu_network(), spiking_network(SpikingMethod::integrate_and_fire),
                                Correction::bias, steps, data, full_registry(), {20, 1}),
               InputError);
}

}  // namespace
}  // namespace rheobase
