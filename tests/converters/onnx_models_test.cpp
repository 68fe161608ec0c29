// Whole trained networks, as they come.
#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>

#include "converters/onnx/importer.h"
#include "converters/passes.h"
#include "tests/converters/onnx_model.h"

namespace rheobase::test {
namespace {

using testing::FloatNear;
using testing::Pointwise;

struct Counts {
  int affine = 0, qcfs = 0, relu = 0, conv = 0, spiking = 0;
};

Counts count(const Graph& graph) {
  Counts counts;
  for (const Node& node : graph.nodes) {
    counts.affine += node.op == "Affine";
    counts.qcfs += node.op == "QCFS";
    counts.relu += node.op == "ReLU";
    counts.conv += node.op == "Conv2d";
    counts.spiking += node.op == "IF";
  }
  return counts;
}

Graph import_and_fold(const std::string& path) {
  Graph graph = import_onnx(path).graph;
  shapes_of(graph);
  fold_affine(graph, converter_schemas());
  shapes_of(graph);
  return graph;
}

TEST(DefaultModel, HasFiveQcfsActivationsAndNothingLeftToFold) {
  Graph graph = import_and_fold(RHEOBASE_SOURCE_DIR "/experiments/models/fashion-mnist-cnn-qcfs-L4.onnx");
  Floats lambdas;
  for (const int index : topological_order(graph)) {
    const Node& node = graph.nodes[static_cast<std::size_t>(index)];
    if (node.op != "QCFS") continue;
    EXPECT_EQ(node.integer("L", 0), 4);
    lambdas.push_back(node.tensor("lambda")->reals().at(0));
  }
  EXPECT_THAT(lambdas, Pointwise(FloatNear(5e-7F), {0.192498F, 0.468416F, 0.38407F, 0.406395F, 1.665917F}));
  EXPECT_EQ(ops_of(graph),
            "Input Conv2d QCFS Conv2d QCFS AvgPool2d Conv2d QCFS Conv2d QCFS AvgPool2d Conv2d QCFS AvgPool2d "
            "Flatten Linear Output");
  convert_to_snn(graph, converter_schemas(), "default");
  EXPECT_EQ(count(graph).spiking, 5);
}

TEST(DefaultModel, KeepsTheNamesOfItsModules) {
  const Graph graph =
      import_onnx(RHEOBASE_SOURCE_DIR "/experiments/models/fashion-mnist-cnn-qcfs-L4.onnx").graph;
  EXPECT_EQ(graph.nodes.front().name, "input");
  EXPECT_EQ(graph.nodes.back().name, "logits");
  EXPECT_NE(graph.find("/0/Conv"), nullptr);
  EXPECT_NE(graph.find("/2"), nullptr);
}

/// Networks too large for the repository; RHEOBASE_SHARED_MODELS names the folder that holds them.
class SharedModels : public testing::Test {
 protected:
  void SetUp() override {
    const char* folder = std::getenv("RHEOBASE_SHARED_MODELS");
    if (folder == nullptr) GTEST_SKIP() << "RHEOBASE_SHARED_MODELS is not set";
    folder_ = folder;
  }
  Graph import(const std::string& file) {
    const std::string path = folder_ + "/" + file;
    if (!std::filesystem::exists(path)) throw std::runtime_error(path + " is missing");
    return import_and_fold(path);
  }

 private:
  std::string folder_;
};

TEST_F(SharedModels, ResNet20WithQcfs) {
  Graph graph = import("cifar10-resnet20-qcfs-L4.onnx");
  EXPECT_EQ(count(graph).qcfs, 19);
  EXPECT_EQ(count(graph).affine, 0);
  convert_to_snn(graph, converter_schemas(), "resnet20");
  EXPECT_EQ(count(graph).spiking, 19);
}

TEST_F(SharedModels, ResNet18WithQcfs) {
  const Graph graph = import("cifar10-resnet18-qcfs-L4.onnx");
  EXPECT_EQ(count(graph).qcfs, 17);
  EXPECT_EQ(count(graph).affine, 0);
}

TEST_F(SharedModels, ResNet20WithReluAndComputedShortcuts) {
  Graph graph = import("cifar10-resnet20-relu-akamaster.onnx");
  EXPECT_EQ(count(graph).relu, 19);
  EXPECT_EQ(count(graph).conv, 19);
  EXPECT_EQ(count(graph).affine, 0);
  EXPECT_THROW(convert_to_snn(graph, converter_schemas(), "akamaster"), InputError);
}

}  // namespace
}  // namespace rheobase::test
