// Networks described in TOML: that they are the graphs they describe, and what is refused.
#include "experiments/train/network_file.h"

#include <gmock/gmock.h>

#include "binarize/train/training_schemas.h"
#include "experiments/train/train_spec.h"
#include "sim/graph/validate.h"
#include "tests/sim/format/scratch.h"

namespace rheobase {
namespace {

using testing::HasSubstr;

std::vector<LayerSpec> read(const std::string& text) {
  const Scratch scratch;
  return read_network_file(scratch.put("net.toml", text));
}

Graph graph_of(const std::string& text, const NetworkSpec& spec = {.name = "net.toml"}) {
  return make_network(spec, read(text));
}

TEST(NetworkFile, DescribesTheNetworksThatHaveNames) {
  EXPECT_EQ(graph_of(R"(layers = [
              {op = "Flatten"},
              {op = "Linear", features = 512}, {op = "ReLU"}, {op = "BatchNorm"},
              {op = "Sign"}, {op = "BinaryLinear", features = 512}, {op = "ReLU"}, {op = "BatchNorm"},
              {op = "Sign"}, {op = "BinaryLinear", features = 512}, {op = "ReLU"}, {op = "BatchNorm"},
              {op = "Linear"}])"),
            make_network({.name = "mlp_1w1a"}));
  const NetworkSpec qcfs{.name = "cnn_qcfs", .input = {3, 32, 32}, .classes = 7, .levels = 8, .lambda = 2.0};
  EXPECT_EQ(graph_of(R"(layers = [
              {op = "Conv2d", channels = 32}, {op = "BatchNorm"}, {op = "QCFS"},
              {op = "Conv2d", channels = 32}, {op = "BatchNorm"}, {op = "QCFS"},
              {op = "AvgPool2d", kernel = 2},
              {op = "Conv2d", channels = 64}, {op = "BatchNorm"}, {op = "QCFS"},
              {op = "Conv2d", channels = 64}, {op = "BatchNorm"}, {op = "QCFS", L = 8, lambda = 2},
              {op = "AvgPool2d", kernel = 2},
              {op = "Conv2d", channels = 128}, {op = "BatchNorm"}, {op = "QCFS"},
              {op = "AvgPool2d", global = true},
              {op = "Flatten"},
              {op = "Linear"}])",
                     qcfs),
            make_network(qcfs));
}

TEST(NetworkFile, NamesAndJoinsLayers) {
  const Graph graph = graph_of(R"(
    [[layers]]
    op = "Conv2d"
    channels = 8
    kernel = 5
    stride = 2
    padding = 1
    bias = true
    name = "stem"
    [[layers]]
    op = "PReLU"
    slope = 0.5
    name = "bent"
    [[layers]]
    op = "Sign"
    [[layers]]
    op = "BinaryConv2d"
    channels = 8
    groups = 2
    scale = "channel"
    [[layers]]
    op = "BatchNorm"
    name = "branch"
    [[layers]]
    op = "Add"
    from = ["branch", "bent"]
    [[layers]]
    op = "MaxPool2d"
    kernel = 3
    stride = 2
    [[layers]]
    op = "Flatten"
    [[layers]]
    op = "Linear"
    bias = false)");
  const ShapeMap shapes = validate_or_throw(graph, training_schemas(), "net.toml");
  EXPECT_EQ(shapes.at("stem"), (Shape{8, 13, 13}));
  EXPECT_EQ(shapes.at("MaxPool2d7"), (Shape{8, 6, 6}));
  EXPECT_EQ(shapes.at("logits"), Shape{10});
  EXPECT_EQ(graph.find("Add6")->inputs, (std::vector<std::string>{"branch", "bent"}));
  EXPECT_EQ(graph.find("bent")->tensors.at("slope").reals(), std::vector<float>(8, 0.5F));
  EXPECT_EQ(graph.find("BinaryConv2d4")->tensors.at("weight").shape, (Shape{8, 4, 3, 3}));
  EXPECT_EQ(graph.find("BinaryConv2d4")->word("scale", ""), "channel");
  EXPECT_TRUE(graph.find("stem")->tensors.contains("bias"));
  EXPECT_FALSE(graph.find("Linear9")->tensors.contains("bias"));
}

TEST(NetworkFile, ReportsEveryFaultAtOnce) {
  const std::string message = input_error([] {
    read(R"(
      colour = 3
      layers = [
        {op = "Conv3d"},
        {op = "Conv2d", kernel = 0},
        {op = "BinaryLinear", features = 1, bias = true, scale = "pixel"},
        {op = "MaxPool2d", kernel = 2, global = true},
        {op = "QCFS", L = 4.5, lambda = 0},
        {name = "x"}])");
  });
  for (const char* part :
       {"colour: unknown key", "layers[0].op: 'Conv3d' is none of Conv2d, BinaryConv2d",
        "layers[1].kernel: is 0", "layers[1].channels: is missing", "layers[2].bias: unknown key",
        "layers[2].scale: 'pixel' is none of", "layers[3].kernel: expected a kernel",
        "layers[4].L: expected a whole number", "layers[4].lambda: is 0", "layers[5].op: '' is none of"})
    EXPECT_THAT(message, HasSubstr(part));
  EXPECT_THAT(input_error([] { read(""); }), HasSubstr("layers: there are none"));
  EXPECT_THAT(input_error([] { read("layers = []"); }), HasSubstr("layers: expected tables"));
}

std::string fault_of(const std::string& layers) {
  return input_error([&] { graph_of("layers = [" + layers + "]"); });
}

TEST(NetworkFile, NamesTheLayerThatDoesNotFit) {
  EXPECT_THAT(fault_of(R"({op = "Linear"})"), HasSubstr("net.toml: Linear1: Linear takes inputs of rank 1"));
  EXPECT_THAT(fault_of(R"({op = "Flatten"}, {op = "Linear", features = 5, name = "end"})"),
              HasSubstr("end: gives 5, expected 10"));
  EXPECT_THAT(fault_of(R"({op = "ReLU", from = "stem"})"),
              HasSubstr("ReLU1: reads 'stem', which is no layer"));
  EXPECT_THAT(fault_of(R"({op = "ReLU", name = "a"}, {op = "ReLU", name = "a"})"),
              HasSubstr("a: is the name of another layer"));
  EXPECT_THAT(fault_of(R"({op = "ReLU", from = ["input", "input"]})"), HasSubstr("does not take 2 inputs"));
  EXPECT_THAT(fault_of(R"({op = "Conv2d", channels = 8, kernel = 64, padding = 0})"),
              HasSubstr("Conv2d1: no 64x64 window fits"));
  EXPECT_THAT(fault_of(R"({op = "Conv2d", channels = 65536, kernel = 65536})"), HasSubstr("has more than"));
  EXPECT_THAT(fault_of(R"({op = "Sign"}, {op = "Flatten", from = "input"}, {op = "Linear"})"),
              HasSubstr("Sign1"));  // nothing reads it
}

TEST(NetworkFile, LiesBesideTheSpecThatNamesIt) {
  const Scratch scratch;
  scratch.put("net.toml", R"(layers = [{op = "Flatten"}, {op = "Linear"}])");
  const std::string path = scratch.put("spec.toml", "network = 'net.toml'\ndata = 'mnist'\nepochs = 1\n");
  const TrainSpec spec = read_train_spec(path);
  EXPECT_EQ(spec.network, scratch.file("net.toml"));
  EXPECT_EQ(spec.layers.size(), 2U);
  scratch.put("net.toml", "layers = [{op = 'Tanh'}]");
  EXPECT_THAT(input_error([&] { read_train_spec(path); }),
              testing::AllOf(HasSubstr("net.toml: layers[0].op"), HasSubstr("'Tanh' is none of")));
}

}  // namespace
}  // namespace rheobase
