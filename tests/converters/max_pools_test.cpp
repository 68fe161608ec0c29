// Networks with max pools, run: as they are, with their pools moved, and as spikes.
#include "converters/passes/max_pools.h"

#include <gtest/gtest.h>

#include <cmath>

#include "converters/passes.h"
#include "neurons/qcfs.h"
#include "sim/engine/engine.h"
#include "tests/support/build_graph.h"

namespace rheobase {
namespace {

using testing::full_registry;
using testing::GraphBuilder;

using Ints = std::vector<std::int64_t>;

constexpr int images = 6;

struct Builder : GraphBuilder {
  using GraphBuilder::GraphBuilder;

  // In so many steps it is a ramp that ends at lambda, what rates of spikes converge to.
  std::string qcfs(const std::string& from, float lambda) {
    return add(QcfsParameters{scalar_tensor(lambda), 1 << 16}.node("", from));
  }
  std::string max_pool(const std::string& from, std::int64_t kernel, std::int64_t stride,
                       std::int64_t padding) {
    const Ints around{padding, padding, padding, padding};
    return add({"",
                "MaxPool2d",
                {from},
                {{"kernel", Ints{kernel, kernel}}, {"stride", Ints{stride, stride}}, {"padding", around}},
                {}});
  }
};

// Windows that overlap, an activation that others read too, a pool of two branches.
Graph network(std::uint32_t seed) {
  Builder b(seed);
  const std::string stem = b.qcfs(b.conv2d(b.input({3, 13, 13}), {.outputs = 12, .inputs = 3}), 1.0F);
  const std::string pooled = b.max_pool(stem, 3, 2, 1);
  const std::string left = b.qcfs(b.conv2d(pooled, {.outputs = 8, .inputs = 12}), 1.2F);
  const std::string right = b.qcfs(
      b.conv2d(pooled, {.outputs = 8, .inputs = 12, .kernel_h = 1, .kernel_w = 1, .padding = {0, 0, 0, 0}}),
      0.9F);
  const std::string both = b.max_pool(b.op("Concat", {left, right}), 2, 2, 0);
  const std::string all =
      b.op("Concat", {b.op("Flatten", {both}), b.op("Flatten", {b.max_pool(left, 7, 7, 0)})});
  b.output(b.linear(all, 16 * 9 + 8, 5));
  return std::move(b.graph);
}

// Logits of `steps` steps, divided by them.
std::vector<float> mean_logits(const Graph& graph, int steps) {
  Engine engine(graph, full_registry(), {DeviceKind::cpu, images, 2, Coding::direct, 0, false});
  GraphBuilder random(7);
  for (int i = 0; i < images; ++i)
    engine.load(i, random.pixels(3 * 13 * 13), static_cast<std::uint64_t>(i), steps);
  for (int t = 0; t < steps; ++t) engine.step();
  std::vector<float> result;
  for (int i = 0; i < images; ++i) {
    for (const float sum : engine.logits(i)) result.push_back(sum / static_cast<float>(steps));
  }
  return result;
}

double mean_error(const std::vector<float>& a, const std::vector<float>& b) {
  double sum = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += std::abs(double{a[i]} - b[i]);
  return sum / static_cast<double>(a.size());
}

TEST(MaxPools, MovedBeforeTheirActivationGiveTheSameBits) {
  for (std::uint32_t seed = 0; seed < 5; ++seed) {
    const Graph graph = network(seed);
    Graph moved = graph;
    move_max_pools(moved, full_registry().schemas());
    EXPECT_NE(moved, graph);
    EXPECT_EQ(mean_logits(moved, 1), mean_logits(graph, 1));
  }
}

Graph pooled_by_step(Graph graph) {
  for (Node& node : graph.nodes) {
    if (node.op == "CumulativeMaxPool2d") node.op = "MaxPool2d";
  }
  return graph;
}

// The rates of spikes become those of the activations; where each step's currents are pooled they are too
// high.
TEST(MaxPools, OfSpikesConvergeToThoseOfTheNetwork) {
  const SchemaSet schemas = full_registry().schemas();
  for (std::uint32_t seed = 0; seed < 3; ++seed) {
    SCOPED_TRACE(seed);
    const Graph graph = network(seed);
    const std::vector<float> expected = mean_logits(graph, 1);
    const auto error = [&](const Graph& made, int steps) {
      return mean_error(mean_logits(made, steps), expected);
    };
    Graph spiking = graph;
    convert_to_snn(spiking, schemas, "network");
    EXPECT_LT(error(spiking, 256), 0.02);
    EXPECT_LT(error(spiking, 256), error(spiking, 8));
    EXPECT_LT(error(spiking, 256), error(pooled_by_step(spiking), 256) / 2);

    Graph fixed = spiking;
    quantize(fixed, schemas, "network");
    EXPECT_LT(error(fixed, 256), 0.05) << "with weights of 8 bits";
    EXPECT_LT(error(fixed, 256), error(pooled_by_step(fixed), 256) / 2);
  }
}

}  // namespace
}  // namespace rheobase
