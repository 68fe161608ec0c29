// What an exported network computes, read back.
#include <gmock/gmock.h>

#include <filesystem>
#include <functional>
#include <random>

#include "binarize/passes/pack_binary.h"
#include "converters/onnx/exporter.h"
#include "converters/onnx/proto/import_bytes.h"
#include "neurons/qcfs.h"
#include "neurons/relu.h"
#include "neurons/sign.h"
#include "sim/core/file.h"
#include "sim/engine/engine.h"
#include "tests/converters/onnx_model.h"
#include "tests/support/build_graph.h"

namespace rheobase::test {
namespace {

using rheobase::testing::full_registry;
using rheobase::testing::GraphBuilder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string exported(const Graph& graph, OnnxExport settings = {"net.h5", "1.2.3"}) {
  return onnx_file_bytes(graph, full_registry().schemas(), settings);
}

Graph imported(const std::string& bytes) {
  Graph graph = onnx_import::import_onnx_bytes(bytes, "net.onnx", "/nonexistent").graph;
  validate_or_throw(graph, full_registry().schemas(), "net.onnx");
  return graph;
}

Floats logits(const Graph& graph, const Floats& pixels) {
  EngineOptions options;
  options.device = DeviceKind::reference;
  options.threads = 1;
  Engine engine(graph, full_registry(), options);
  engine.load(0, pixels, 0);
  engine.step();
  return {engine.logits(0).begin(), engine.logits(0).end()};
}

std::vector<Fault> faults_of(const Graph& graph, const OnnxExport& settings = {"net.h5", "1.2.3"}) {
  try {
    exported(graph, settings);
  } catch (const InputError& error) {
    EXPECT_EQ(error.source(), "net.h5");
    return error.faults();
  }
  return {};
}

/// A run of random layers on an image of 4 x 9 x 8; no two elementwise ops in a row that an importer joins.
class RandomNetwork {
 public:
  explicit RandomNetwork(std::uint32_t seed) : random_(seed), b_(seed) {
    current_ = b_.input({4, 9, 8});
    while (b_.graph.nodes.size() < 14) {
      layer();
      activation();
    }
    current_ = b_.op("Flatten", {current_});
    b_.output(b_.linear(current_, shape()[0], 5));
  }
  Graph graph() { return b_.graph; }
  Floats pixels() { return b_.pixels(element_count({4, 9, 8})); }

 private:
  std::int64_t pick(std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution<std::int64_t>(low, high)(random_);
  }
  Shape shape() {
    Graph probe = b_.graph;  // validated without what is to come
    const std::string flat = "flat", out = "out";
    probe.nodes.push_back({flat, "Flatten", {current_}, {}, {}});
    probe.nodes.push_back({out, "Output", {flat}, {}, {}});
    return validate_or_throw(probe, full_registry().schemas(), "probe").at(current_);
  }
  void node(const char* op, std::map<std::string, Attribute> attributes) {
    current_ = b_.add({"", op, {current_}, std::move(attributes), {}});
  }

  void layer() {
    const Shape in = shape();
    const bool is_small = in[1] < 4 || in[2] < 4;
    switch (pick(is_small ? 3 : 0, 7)) {
      case 0:
        return pool("MaxPool2d", {{"dilation", Ints{1, pick(1, 2)}}});
      case 1:
        return pool("AvgPool2d", {});
      case 2:
        return node("Slice", {{"start", Ints{0, 1, 0}}, {"stop", in}, {"step", Ints{1, 1, pick(1, 2)}}});
      case 3:
        return node("Pad", {{"before", Ints{pick(0, 1), 1, 0}}, {"after", Ints{pick(0, 1), 0, 2}}});
      case 4:
        current_ = b_.op("Concat", {current_, b_.op("ReLU", {current_})});
        return;
      case 5:
        current_ = b_.op("Add", {current_, b_.op("ReLU", {current_}), current_});
        return;
      default:
        return conv(in[0]);
    }
  }
  void conv(std::int64_t inputs) {
    const std::int64_t groups = inputs % 2 == 0 ? pick(1, 2) : 1;
    current_ = b_.conv2d(current_, {.outputs = 2 * pick(2, 4),
                                    .inputs = inputs,
                                    .kernel_h = pick(1, 3),
                                    .kernel_w = pick(1, 3),
                                    .groups = groups,
                                    .stride = {1, pick(1, 2)},
                                    .padding = {1, 0, 1, 2},
                                    .bias = pick(0, 1) == 0});
  }
  void pool(const char* op, std::map<std::string, Attribute> attributes) {
    attributes["kernel"] = Ints{2, 3};
    attributes["stride"] = Ints{2, pick(1, 2)};
    attributes["padding"] = Ints{pick(0, 1), 1, pick(0, 1), 0};
    attributes["ceil_mode"] = pick(0, 1);
    node(op, std::move(attributes));
  }

  Tensor some(std::int64_t channels, float low, float high) {
    std::uniform_real_distribution<float> uniform(low, high);
    Tensor tensor{{pick(0, 1) == 0 ? 1 : channels}, {}};
    for (std::int64_t c = 0; c < tensor.shape[0]; ++c) tensor.reals().push_back(uniform(random_));
    return tensor;
  }
  void affine() {
    const std::int64_t channels = shape()[0];
    Node node{"", "Affine", {current_}, {}, {}};
    node.tensors["scale"] = some(channels, 0.5F, 2);
    node.tensors["shift"] = some(channels, -1, 1);
    current_ = b_.add(std::move(node));
  }
  void activation() {
    const std::int64_t choice = pick(0, 5);
    if (choice >= 3) affine();
    if (choice == 0) current_ = b_.op("ReLU", {current_});
    if (choice == 1) current_ = b_.add(ReluParameters{1.5F}.node("", current_));
    if (choice == 3) current_ = b_.add(sign_node("", current_));
    if (choice == 2 || choice == 4)
      current_ = b_.add(QcfsParameters{some(shape()[0], 0.3F, 2), pick(1, 7)}.node("", current_));
  }

  std::mt19937 random_;
  GraphBuilder b_;
  std::string current_;
};

class ExportOfRandomNetworks : public ::testing::TestWithParam<std::uint32_t> {};

TEST_P(ExportOfRandomNetworks, ReadBackComputesTheSameBits) {
  RandomNetwork network(GetParam());
  const Floats pixels = network.pixels();
  const Graph again = imported(exported(network.graph()));
  EXPECT_EQ(logits(again, pixels), logits(network.graph(), pixels)) << dump(network.graph());
}

TEST_P(ExportOfRandomNetworks, ReadBackIsExportedTheSameWay) {
  const std::string once = exported(imported(exported(RandomNetwork(GetParam()).graph())));
  EXPECT_EQ(exported(imported(once)), once);
}

INSTANTIATE_TEST_SUITE_P(Seeds, ExportOfRandomNetworks, ::testing::Range(1U, 41U));

/// Pixels of one row, through whatever `layers` adds, to one logit a pixel.
Graph row(const std::function<std::string(GraphBuilder&, const std::string&)>& layers) {
  GraphBuilder b;
  b.output(b.op("Flatten", {layers(b, b.input({1, 1, 4}))}));
  return std::move(b.graph);
}

TEST(Export, KeepsTheNamesOfNodes) {
  const Graph graph = row([](GraphBuilder& b, const std::string& from) {
    const std::string bn =
        b.add({"bn", "Affine", {from}, {}, {{"scale", scalar_tensor(2)}, {"shift", scalar_tensor(1)}}});
    const std::string sign = b.add(sign_node("sign", bn));
    const std::string sum = b.add({"sum", "Add", {sign, from, from}, {}, {}});
    const std::string shift =
        b.add({"shift", "Affine", {sum}, {}, {{"scale", scalar_tensor(3)}, {"shift", scalar_tensor(1)}}});
    return b.add(QcfsParameters{scalar_tensor(3), 4}.node("qcfs", shift));
  });
  const Graph again = imported(exported(graph));
  EXPECT_EQ(ops_of(again), "Input Affine Sign Add Add Affine QCFS Flatten Output");
  for (const Node& node : graph.nodes) EXPECT_NE(again.find(node.name), nullptr) << node.name;
}

TEST(Export, OfWhatWasReadIsTheSameGraph) {
  GraphBuilder b;
  const std::string image = b.add({"image", "Input", {}, {{"shape", Ints{3, 4, 4}}}, {}});
  Node conv{"conv", "Conv2d", {image}, {{"padding", Ints{1, 1, 1, 1}}}, {}};
  conv.tensors["weight"] = b.tensor({8, 3, 3, 3});
  const std::string relu = b.add(ReluParameters{6}.node("relu", b.add(std::move(conv))));
  const std::string sign = b.add(sign_node("sign", relu));
  b.graph.nodes.back().inputs = {"conv"};
  const std::string sum = b.add({"sum", "Add", {relu, sign}, {}, {}});
  b.add({"flat", "Flatten", {sum}, {}, {}});
  b.add({"fc", "Linear", {"flat"}, {}, {{"weight", b.tensor({5, 128})}, {"bias", b.tensor({5})}}});
  b.add({"out", "Output", {"fc"}, {}, {}});
  EXPECT_EQ(dump(imported(exported(b.graph))), dump(b.graph));
}

TEST(Export, OfSignIsPlusOneAtZeroAndStatesItsThreshold) {
  const Graph graph =
      row([](GraphBuilder& b, const std::string& from) { return b.add(sign_node("sign", from)); });
  const Floats pixels{-1, -0.0F, 0, 1e-30F};
  EXPECT_EQ(logits(imported(exported(graph)), pixels), (Floats{-1, 1, 1, 1}));
  ::onnx::ModelProto model;
  ASSERT_TRUE(model.ParseFromString(exported(graph)));
  for (const auto& node : model.graph().node()) EXPECT_NE(node.op_type(), "Sign");
}

TEST(Export, OfASignKeepsItsThresholds) {
  GraphBuilder b;
  const std::string image = b.input({2, 1, 2});
  const SignParameters sign{{{2}, {0.1F, -3}}};
  b.output(b.op("Flatten", {b.add(sign.node("sign", image))}));
  const float below = std::nextafter(0.1F, 0.0F);
  EXPECT_EQ(logits(imported(exported(b.graph)), {below, 0.1F, -3, -4}), (Floats{-1, 1, 1, -1}));
}

/// Packed layers with thresholds, with a ReLU and a residual of their own, and a linear one.
TEST(Export, OfPackedLayersComputesTheSameBits) {
  GraphBuilder b(7);
  const std::string stem = b.conv2d(b.input({3, 6, 6}), {.outputs = 8, .inputs = 3});
  const auto binary = [&](const std::string& from) {
    const std::string conv = b.conv2d(from, {.outputs = 8, .inputs = 8, .bias = false});
    for (float& w : b.graph.find(conv)->tensors.at("weight").reals()) w = w < 0 ? -1.0F : 1.0F;
    return conv;
  };
  const auto affine = [&](const std::string& from) {
    return b.add({"", "Affine", {from}, {}, {{"scale", b.tensor({8})}, {"shift", b.tensor({8})}}});
  };
  const std::string first = affine(binary(b.add(sign_node("sign1", stem))));
  const std::string second = affine(b.op("ReLU", {binary(b.add(sign_node("sign2", first)))}));
  const std::string sum = b.op("Add", {second, stem});
  const std::string flat = b.op("Flatten", {b.add(sign_node("sign3", sum))});
  const std::string linear = b.linear(flat, 288, 5);
  for (float& w : b.graph.find(linear)->tensors.at("weight").reals()) w = w < 0 ? -1.0F : 1.0F;
  b.output(linear);
  Graph packed = b.graph;
  ASSERT_EQ(pack_binary(packed, full_registry().schemas()), 3);
  ASSERT_NE(only(packed, "BinaryLinear").tensor("shift"), nullptr);
  const Floats pixels = b.pixels(3 * 6 * 6);
  EXPECT_EQ(logits(imported(exported(packed)), pixels), logits(packed, pixels)) << dump(packed);
}

TEST(Export, IncludesTheNormalisation) {
  GraphBuilder b;
  Node input{"image", "Input", {}, {{"shape", Ints{2, 1, 2}}}, {}};
  input.tensors["mean"] = {{2}, {0.5F, 0.25F}};
  input.tensors["std"] = {{2}, {0.5F, 4}};
  b.output(b.op("Flatten", {b.add(std::move(input))}));
  const Graph again = imported(exported(b.graph));
  EXPECT_EQ(only(again, "Input").name, "image");
  EXPECT_EQ(only(again, "Affine").tensor("scale")->reals(), (Floats{2, 0.25F}));
  EXPECT_EQ(logits(again, {0, 1, 0.25F, 1}), (Floats{-1, 1, 0, 0.1875F}));
}

TEST(Export, SaysWhoWroteTheFileAndTakesAnyBatch) {
  ::onnx::ModelProto model;
  ASSERT_TRUE(model.ParseFromString(exported(RandomNetwork(1).graph())));
  EXPECT_EQ(model.producer_name(), "rheobase");
  EXPECT_EQ(model.producer_version(), "1.2.3");
  EXPECT_EQ(model.opset_import(0).version(), 17);
  EXPECT_EQ(model.ir_version(), 8);
  EXPECT_EQ(model.graph().input(0).type().tensor_type().shape().dim(0).dim_param(), "N");
  EXPECT_EQ(model.graph().output(0).type().tensor_type().shape().dim(1).dim_value(), 5);
}

TEST(Export, GivesTheSameBytesEveryTime) {
  EXPECT_EQ(exported(RandomNetwork(3).graph()), exported(RandomNetwork(3).graph()));
}

TEST(Export, WritesAWholeFile) {
  const std::string path = ::testing::TempDir() + "rheobase_export_test.onnx";
  const Graph graph = RandomNetwork(4).graph();
  export_onnx(graph, full_registry().schemas(), {"net.h5", "1.2.3"}, path);
  EXPECT_EQ(read_file(path), exported(graph));
  std::filesystem::remove(path);
}

TEST(Export, MakesNamesThatAreTaken) {
  const Graph graph = row([](GraphBuilder& b, const std::string& from) {
    const std::string first = b.add(ReluParameters{}.node("sign/Where", from));
    const std::string second = b.add(ReluParameters{}.node("sign.zero", from));
    const std::string sign = b.add(sign_node("sign", from));
    return b.op("Add", {first, second, sign});
  });
  EXPECT_EQ(logits(imported(exported(graph)), {-2, 0, 1, 2}), (Floats{-1, 1, 3, 5}));
}

TEST(Export, RefusesSpikingNeuronsAllOfThem) {
  const auto faults = faults_of(rheobase::testing::small_residual_snn());
  ASSERT_EQ(faults.size(), 5U);
  EXPECT_THAT(faults[0].what, HasSubstr("is a spiking neuron, which ONNX does not have"));
}

TEST(Export, RefusesFixedArithmetic) {
  Graph graph = row([](GraphBuilder&, const std::string& from) { return from; });
  graph.find("input")->attributes["fraction_bits"] = std::int64_t{8};
  graph.nodes.back().tensors["unit"] = scalar_tensor(1);
  const auto faults = faults_of(graph);
  ASSERT_EQ(faults.size(), 1U);
  EXPECT_EQ(faults[0].where, "input");
  EXPECT_THAT(faults[0].what, HasSubstr("is of fixed arithmetic"));
}

TEST(Export, NamesOpsThatItDoesNotKnow) {
  Graph graph = row([](GraphBuilder& b, const std::string& from) { return b.op("ReLU", {from}); });
  graph.nodes[1].op = "Spline";
  try {
    onnx_file_bytes(graph, full_registry().schemas(), {"net.h5", "1.2.3"});
    FAIL();
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), HasSubstr("op Spline cannot be exported; Add, Affine, AvgPool2d"));
  }
}

TEST(Export, RefusesMeansOverPaddingThatOnnxCountsInAnotherWay) {
  const auto pool = [](std::int64_t extent) {
    GraphBuilder b;
    const std::map<std::string, Attribute> attributes{{"kernel", Ints{1, 2}},
                                                      {"stride", Ints{1, 2}},
                                                      {"ceil_mode", std::int64_t{1}},
                                                      {"count_include_pad", std::int64_t{1}}};
    b.output(b.op("Flatten", {b.add({"pool", "AvgPool2d", {b.input({1, 1, extent})}, attributes, {}})}));
    return std::move(b.graph);
  };
  EXPECT_TRUE(faults_of(pool(4)).empty());
  const auto faults = faults_of(pool(5));
  ASSERT_EQ(faults.size(), 1U);
  EXPECT_EQ(faults[0].where, "pool");
}

TEST(Export, RefusesWhatDoesNotFitIntoOneFile) {
  const auto faults = faults_of(RandomNetwork(1).graph(), {"net.h5", "1.2.3", 20000});
  ASSERT_EQ(faults.size(), 1U);
  EXPECT_THAT(faults[0].what, HasSubstr("a file holds 20000, protobuf's limit"));
}

/// A threshold as a file states it, run on both sides of it and on it.
Floats beside_threshold(const char* op, float t) {
  OnnxModel model({-1, 3});
  model.real("t", t).real("yes", 1).real("no", -1).node(op, {"x", "t"}, "c");
  model.node("Where", {"c", "yes", "no"}, "y");
  const float inf = std::numeric_limits<float>::infinity();
  return logits(model.import(), {std::nextafter(t, -inf), t, std::nextafter(t, inf)});
}

TEST(Thresholds, TellEqualFromTheNextNumber) {
  for (const float t : {0.0F, 0.1F, -3e-8F, 12345.678F}) {
    EXPECT_EQ(beside_threshold("GreaterOrEqual", t), (Floats{-1, 1, 1})) << t;
    EXPECT_EQ(beside_threshold("Greater", t), (Floats{-1, -1, 1})) << t;
    EXPECT_EQ(beside_threshold("LessOrEqual", t), (Floats{1, 1, -1})) << t;
    EXPECT_EQ(beside_threshold("Less", t), (Floats{1, -1, -1})) << t;
  }
}

}  // namespace
}  // namespace rheobase::test
