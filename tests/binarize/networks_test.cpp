// Networks by name: that they are what their papers describe, train, and run in the engine as trained.
#include "binarize/networks/networks.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "binarize/train/export.h"
#include "binarize/train/network.h"
#include "binarize/train/optimizer.h"
#include "binarize/train/training_schemas.h"
#include "sim/core/error.h"
#include "sim/engine/engine.h"
#include "sim/graph/validate.h"
#include "tests/support/build_graph.h"

namespace rheobase {
namespace {

std::int64_t count(const Graph& graph, const std::string& op) {
  return std::count_if(graph.nodes.begin(), graph.nodes.end(), [&](const Node& n) { return n.op == op; });
}

std::size_t weights(const Graph& graph) {
  std::size_t sum = 0;
  for (const Node& node : graph.nodes)
    sum += node.tensors.contains("weight") && node.op != "BatchNorm" ? node.tensors.at("weight").size() : 0;
  return sum;
}

Graph cifar(const std::string& name) { return make_network({.name = name, .input = {3, 32, 32}}); }

TEST(Networks, AllValidate) {
  for (const std::string& name : network_names()) {
    const Graph graph = cifar(name);
    const ShapeMap shapes = validate_or_throw(graph, training_schemas(), name);
    EXPECT_EQ(shapes.at("logits"), Shape{10}) << name;
  }
}

TEST(Networks, HaveThePublishedLayers) {
  const Graph resnet20 = cifar("resnet20_1w1a");
  EXPECT_EQ(count(resnet20, "BinaryConv2d"), 18);
  EXPECT_EQ(count(resnet20, "Conv2d"), 1);
  EXPECT_EQ(count(resnet20, "Add"), 9);
  EXPECT_EQ(count(resnet20, "Slice"), 2);  // option-A shortcuts
  EXPECT_EQ(weights(resnet20), 267696U + 640U);
  EXPECT_EQ(count(cifar("resnet20_bireal_1w1a"), "Add"), 18);
  const Graph resnet18 = cifar("resnet18_1w1a");
  EXPECT_EQ(count(resnet18, "BinaryConv2d"), 16);
  EXPECT_EQ(count(resnet18, "Conv2d"), 4);  // the stem and three 1x1 shortcuts
  const Graph vgg = cifar("vgg_small_1w1a");
  EXPECT_EQ(count(vgg, "BinaryConv2d"), 5);
  EXPECT_EQ(vgg.nodes[vgg.nodes.size() - 2].tensors.at("weight").shape, (Shape{10, 8192}));
  EXPECT_EQ(count(cifar("vgg16_qcfs"), "QCFS"), 15);
  EXPECT_EQ(count(cifar("resnet18_qcfs"), "QCFS"), 17);
  EXPECT_EQ(count(cifar("resnet20_1w32a"), "Sign"), 0);
}

TEST(Networks, DependOnTheirSeedAlone) {
  EXPECT_EQ(cifar("cnn_1w1a"), cifar("cnn_1w1a"));
  EXPECT_NE(cifar("cnn_1w1a"), make_network({.name = "cnn_1w1a", .input = {3, 32, 32}, .seed = 2}));
}

TEST(Networks, RefuseWhatTheyHaveNoUseFor) {
  EXPECT_THROW(make_network({.name = "resnet21"}), InputError);
  EXPECT_THROW(make_network({.name = "vgg16_qcfs", .input = {1, 28, 28}}), InputError);
  EXPECT_THROW(make_network({.name = "cnn_qcfs", .input = {1, 28, 27}}), InputError);
}

// Trains a few steps on noise, then compares the engine's logits with those of the training network's
// evaluation.
void expect_same_logits(const std::string& name) {
  const std::int64_t batch = 8;
  TrainingNetwork network(
      make_network(
          {.name = name, .input = {3, 16, 16}, .mean = {0.4F, 0.5F, 0.6F}, .std = {0.2F, 0.3F, 0.4F}}),
      {.batch = batch, .threads = 2, .estimator = {}}, name);
  Optimizer optimizer({}, network.parameters());
  std::mt19937 random(6);
  std::uniform_real_distribution<float> pixel;
  std::vector<int> labels;
  std::vector<std::vector<float>> images(batch, std::vector<float>(3 * 256));
  for (int step = 0; step < 3; ++step) {
    labels.clear();
    for (std::int64_t n = 0; n < batch; ++n) {
      labels.push_back(static_cast<int>(random() % 10));
      for (int c = 0; c < 3; ++c) {
        for (int p = 0; p < 256; ++p) {
          const float x = images[n][c * 256 + p] = pixel(random);
          network.input()[(n * 256 + p) * 3 + c] = (x - (0.4F + 0.1F * c)) / (0.2F + 0.1F * c);
        }
      }
    }
    network.step(labels);
    optimizer.step(0.05);
  }
  network.evaluate(labels);
  Engine engine(trained_graph(network.graph(), {}), testing::full_registry(), {.slots = 1});
  for (std::int64_t n = 0; n < batch; ++n) {
    engine.load(0, images[n], 0);
    engine.step();
    for (int k = 0; k < 10; ++k)
      EXPECT_NEAR(engine.logits(0)[k], network.logits()[n * 10 + k], 2e-3) << name << " " << n;
    engine.release(0);
  }
}

TEST(Networks, RunInTheEngineAsTheyWereTrained) {
  for (const char* name : {"mlp_1w1a", "cnn_1w1a", "cnn_1w32a", "resnet20_bireal_1w1a"})
    expect_same_logits(name);
}

TEST(Export, MakesAPreluTwoRectifiers) {
  testing::GraphBuilder b(3);
  const std::string prelu = b.add({"p", "PReLU", {b.input({4})}, {}, {{"slope", b.tensor({4})}}});
  b.output(b.linear(prelu, 4, 3));
  TrainingNetwork network(b.graph, {.batch = 1, .threads = 1, .estimator = {}}, "");
  const std::vector<float> x{-1.5F, 0.5F, -0.25F, 2.0F};
  std::copy(x.begin(), x.end(), network.input().begin());
  network.evaluate(std::vector<int>{0});
  Engine engine(trained_graph(b.graph, {}), testing::full_registry(), {.slots = 1});
  engine.load(0, x, 0);
  engine.step();
  for (int k = 0; k < 3; ++k) EXPECT_NEAR(engine.logits(0)[k], network.logits()[k], 1e-6);
}

}  // namespace
}  // namespace rheobase
