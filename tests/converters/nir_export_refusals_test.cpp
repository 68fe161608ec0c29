// What NIR cannot say is not written, and files of ours that were changed are not read as ours.
#include <gmock/gmock.h>

#include <filesystem>

#include "converters/nir/file/reader.h"
#include "neurons/burst_lif.h"
#include "neurons/li.h"
#include "neurons/multi_threshold.h"
#include "neurons/qcfs.h"
#include "neurons/relu.h"
#include "sim/core/file.h"
#include "sim/graph/arithmetic.h"
#include "tests/converters/nir_round_trip.h"

namespace rheobase {
namespace {

using testing::behind_linear;
using testing::exported;
using testing::full_registry;
using testing::GraphBuilder;
using ::testing::HasSubstr;
using testing::imported;
using testing::node;
using testing::of;
using testing::plain_lif;
using testing::refusal;
using testing::refusal_to_read;
using testing::small_residual_snn;
using testing::with_heights;

using Ints = std::vector<std::int64_t>;

TEST(NirExport, RefusesWhatNirDoesNotHave) {
  EXPECT_THAT(
      refusal(behind_linear(ReluParameters{}.node("", ""))),
      HasSubstr("net.h5: neuron: is a ReLU, an activation, and NIR has spiking neurons alone: export to "
                "a name that ends in .onnx"));
  EXPECT_THAT(refusal(behind_linear({"", "Sign", {}, {}, {}})),
              HasSubstr("neuron: is a Sign, an activation"));
  EXPECT_THAT(refusal(behind_linear(QcfsParameters{}.node("", ""))),
              HasSubstr("neuron: is a QCFS, an activation"));
  for (const MultiThreshold kind :
       {MultiThreshold::signed_if, MultiThreshold::mtif, MultiThreshold::sigma_delta}) {
    MultiThresholdParameters parameters;
    parameters.kind = kind;
    EXPECT_THAT(refusal(behind_linear(parameters.node("", ""))), HasSubstr("which emits graded spikes"));
  }
  GraphBuilder b;
  const std::string image = b.input({1, 4, 4});
  b.output(b.op("Flatten", {b.add({"", "MaxPool2d", {image}, {{"kernel", Ints{2, 2}}}, {}})}));
  EXPECT_THAT(refusal(b.graph),
              HasSubstr("op MaxPool2d has no counterpart in NIR; what has one: Add Affine "));
  Graph graph = behind_linear(plain_lif().node("", ""));
  graph.nodes.back().attributes["running"] = std::int64_t{1};
  EXPECT_THAT(refusal(graph), HasSubstr("output: reads a running value"));
}

TEST(NirExport, RefusesFixedArithmetic) {
  Graph graph = behind_linear(IfParameters{}.node("", ""));
  graph.input().attributes["fraction_bits"] = std::int64_t{8};
  for (Node& node : graph.nodes) {
    for (auto& [name, tensor] : node.tensors)
      tensor = Tensor(tensor.shape, std::vector<std::int32_t>(tensor.size(), 1));
  }
  graph.nodes.back().tensors["unit"] = scalar_tensor(1.0F);
  set_value_types(graph, full_registry().schemas());
  EXPECT_THAT(refusal(graph), HasSubstr("input: is of fixed arithmetic, and NIR is of reals: convert with "
                                        "'--arithmetic float32'"));
}

TEST(NirExport, RefusesWhatNirSaysOtherwise) {
  const auto behind_image = [](Node layer) {
    GraphBuilder b;
    layer.name = "layer";
    layer.inputs = {b.input({1, 4, 4})};
    const std::string name = b.add(std::move(layer));
    b.output(b.op("Flatten", {name}));
    return std::move(b.graph);
  };
  const Node conv{
      "", "Conv2d", {}, {{"padding", Ints{0, 0, 1, 1}}}, {{"weight", {{1, 1, 2, 2}, {1, 2, 3, 4}}}}};
  EXPECT_THAT(refusal(behind_image(conv)), HasSubstr("layer: pads by 0,0,1,1 (top, left, bottom, right)"));
  Node pool{"", "AvgPool2d", {}, {{"kernel", Ints{2, 2}}, {"padding", Ints{1, 1, 1, 1}}}, {}};
  EXPECT_THAT(refusal(behind_image(pool)), HasSubstr("layer: averages over what its padding leaves"));
  pool.attributes = {{"kernel", Ints{3, 3}}, {"stride", Ints{2, 2}}, {"ceil_mode", std::int64_t{1}}};
  EXPECT_THAT(refusal(behind_image(pool)), HasSubstr("layer: has windows that end beyond the image"));
  const Node affine{"", "Affine", {}, {}, {{"scale", scalar_tensor(1)}, {"shift", scalar_tensor(2)}}};
  EXPECT_THAT(refusal(behind_image(affine)), HasSubstr("layer: adds a shift"));
  GraphBuilder b;
  const std::string input = b.input({4});
  b.output(b.op("Add", {input, input}));
  EXPECT_THAT(refusal(b.graph), HasSubstr("adds 'input' more than once"));
}

TEST(NirExport, NamesEveryNodeThatItCannotWrite) {
  GraphBuilder b;
  const std::string first = b.add({"first", "ReLU", {b.input({4})}, {}, {}});
  b.output(b.add({"second", "ReLU", {first}, {}, {}}));
  EXPECT_THAT(refusal(b.graph),
              ::testing::AllOf(HasSubstr("first: is a ReLU"), HasSubstr("second: is a ReLU")));
}

TEST(NirExport, RefusesStepsThatAreNone) {
  const Graph graph = behind_linear(plain_lif().node("", ""));
  EXPECT_THROW(exported(graph, 0.0), InputError);
  EXPECT_THROW(exported(graph, -1.0), InputError);
  EXPECT_THROW(exported(graph, 1e39), InputError);  // tau is beyond float32
}

TEST(NirExport, WritesTheWholeFileOrNothing) {
  const std::string path = ::testing::TempDir() + "rheobase_nir_export.nir";
  const auto write = [&](const Graph& graph) {
    return export_nir(graph, full_registry().schemas(), {"net.h5", "1"}, path);
  };
  write_file(path, "what was there");
  EXPECT_THROW(write(behind_linear(ReluParameters{}.node("", ""))), InputError);
  EXPECT_EQ(read_file(path), "what was there");
  write(small_residual_snn());
  EXPECT_EQ(import_nir(path, {}).graph, small_residual_snn());
  std::filesystem::remove(path);
  EXPECT_THROW(write(behind_linear(ReluParameters{}.node("", ""))), InputError);
  EXPECT_FALSE(std::filesystem::exists(path));
}

/// A file of ours, and what became of it.
class NirOwnFile : public ::testing::Test {
 protected:
  NirOwnFile() {
    LifParameters lif = plain_lif();
    lif.reset = Reset::subtract;
    file_ = nir::read_nir_bytes(exported(behind_linear(lif.node("", ""))).bytes, "net.nir");
  }
  nir::NirGraph file_;
};

TEST_F(NirOwnFile, IsReadAsItIsWritten) { EXPECT_EQ(refusal_to_read(file_), "was read"); }

TEST_F(NirOwnFile, WithOtherWeightsIsAnotherNetwork) {
  node(file_, "Linear1").parameters["weight"].values = std::vector<double>(12, 0.5);
  const Graph graph = imported(nir::nir_bytes(file_));
  EXPECT_EQ(graph.find("Linear1")->tensors.at("weight"), (Tensor{{3, 4}, std::vector<float>(12, 0.5F)}));
  EXPECT_EQ(LifParameters::of(*graph.find("neuron")).reset, Reset::subtract);
}

TEST_F(NirOwnFile, IsRefusedWhereNirAndItsAttributesDiffer) {
  nir::NirGraph file = file_;
  node(file, "neuron").parameters["v_threshold"].values = std::vector<double>(3, 0.5);
  EXPECT_THAT(refusal_to_read(file),
              HasSubstr("neuron: has another v_threshold than its attributes say; was changed "
                        "since rheobase wrote it: '--dialect nir' reads it by NIR's meaning "
                        "alone"));
  EXPECT_EQ(LifParameters::of(*imported(nir::nir_bytes(file), "nir").find("neuron")).reset, Reset::zero);
  file = file_;
  node(file, "neuron").parameters["v_reset"] = {{3}, std::vector<double>(3, 0.0)};
  EXPECT_THAT(refusal_to_read(file), HasSubstr("neuron: has parameters that its attributes do not say"));
  file = file_;
  std::swap(file.edges[0], file.edges[1]);
  EXPECT_THAT(refusal_to_read(file), HasSubstr("edges: are others than its attributes say"));
  file = file_;
  node(file, "neuron").type = "LI";
  EXPECT_THAT(refusal_to_read(file), HasSubstr("neuron: is a LI, its attributes say LIF"));
  file = file_;
  node(file, "neuron").own.erase("op");
  EXPECT_THAT(refusal_to_read(file), HasSubstr("rheobase.position: no node has position 2"));
}

TEST_F(NirOwnFile, IsRefusedWhereItsTwoKindsOfWeightsDiffer) {
  const nir::NirGraph file = nir::read_nir_bytes(exported(with_heights()).bytes, "net.nir");
  ASSERT_EQ(file.weights.size(), 2U);
  const std::string conv = file.weights.begin()->first;
  nir::NirGraph changed = file;
  std::get<std::vector<double>>(changed.weights.at(conv).values)[3] += 0.5;
  EXPECT_THAT(refusal_to_read(changed), HasSubstr(conv + ": has another weight than its attributes say"));
  changed = file;
  changed.weights["input"] = changed.weights.at(conv);
  EXPECT_THAT(refusal_to_read(changed), HasSubstr("rheobase.weights: are others than its attributes say"));
  changed = file;
  changed.weights.erase(conv);
  EXPECT_THAT(refusal_to_read(changed), HasSubstr(conv + ": has another weight"));
  changed = file;
  changed.weights.at(conv) = {{2}, std::vector<double>{1, 2}};
  EXPECT_THAT(refusal_to_read(changed), HasSubstr(conv + ": weight has shape 2"));
}

TEST_F(NirOwnFile, IsRefusedWithAttributesThatAreNone) {
  const auto with = [&](const char* key, nir::OwnValue value) {
    nir::NirGraph file = file_;
    node(file, "neuron").own[key] = std::move(value);
    return refusal_to_read(file);
  };
  EXPECT_THAT(with("op", std::string("Hodgkin")),
              HasSubstr("attribute rheobase.op is 'Hodgkin', an unknown op"));
  EXPECT_THAT(with("op", std::int64_t{1}), HasSubstr("attribute rheobase.op is missing or of another type"));
  EXPECT_THAT(with("position", std::int64_t{0}),
              HasSubstr("rheobase.position is 0, as that of another node is"));
  EXPECT_THAT(with("position", std::int64_t{-5}), HasSubstr("no node has position 0"));
  EXPECT_THAT(with("inputs", Ints{77}), HasSubstr("neuron: reads position 77, which is not there"));
  EXPECT_THAT(with("decay", std::vector<double>{7}), HasSubstr("neuron: decay is 7, expected 0 to 1"));
  EXPECT_THAT(with("reset", std::string("hard")), HasSubstr("reset is 'hard'"));
  EXPECT_THAT(with("name", std::string("input")), HasSubstr("two nodes have this name"));
  nir::NirGraph file = file_;
  file.own["format"] = std::int64_t{2};
  EXPECT_THAT(refusal_to_read(file), HasSubstr("rheobase.format: is 2, this version knows 1"));
  file = file_;
  file.own["dt"] = 0.0;
  EXPECT_NE(refusal_to_read(file), "was read");
}

// Attributes that claim an image which no machine holds.
TEST_F(NirOwnFile, IsRefusedWhereItClaimsMoreNeuronsThanItHas) {
  const Ints huge{1, 30000, 30000};
  nir::Own* own = &node(file_, "input").own;
  (*own)["shape"] = huge;
  own = &node(file_, "Linear1").own;
  *own = node(file_, "neuron").own;
  (*own)["name"] = std::string("lif");
  (*own)["position"] = std::int64_t{1};
  (*own)["inputs"] = Ints{0};
  own = &node(file_, "neuron").own;
  *own = {{"op", std::string("Flatten")},
          {"name", std::string("flat")},
          {"position", std::int64_t{2}},
          {"inputs", Ints{1}}};
  EXPECT_THAT(refusal_to_read(file_), HasSubstr("lif: has more neurons than the file has numbers for"));
}

TEST_F(NirOwnFile, IsRefusedInEveryPrefix) {
  const std::string bytes = nir::nir_bytes(file_);
  for (std::size_t length = 0; length < bytes.size(); length += 13) {
    EXPECT_THROW(imported(bytes.substr(0, length)), InputError) << length;
  }
}

}  // namespace
}  // namespace rheobase
