// What a network is after it was a NIR file, and what NIR's own meaning makes of that file.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "converters/nir/export/file_writer.h"
#include "converters/nir/exporter.h"
#include "converters/nir/file/reader.h"
#include "converters/nir/importer.h"
#include "neurons/burst_lif.h"
#include "neurons/li.h"
#include "neurons/lif.h"
#include "neurons/multi_threshold.h"
#include "neurons/qcfs.h"
#include "neurons/relu.h"
#include "sim/core/file.h"
#include "sim/engine/engine.h"
#include "sim/graph/arithmetic.h"
#include "sim/graph/validate.h"
#include "tests/support/build_graph.h"

namespace rheobase {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Field;
using testing::full_registry;
using testing::GraphBuilder;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::small_residual_snn;

using Ints = std::vector<std::int64_t>;

NirFileBytes exported(const Graph& graph, std::optional<double> dt = {}) {
  return nir_file_bytes(graph, full_registry().schemas(), {"net.h5", "1.2.3", dt});
}

Graph imported(const std::string& bytes, const std::string& dialect = "auto", std::optional<double> dt = {}) {
  NirOptions options;
  options.dialect = dialect;
  options.dt = dt;
  Graph graph = import_nir_bytes(bytes, "net.nir", options).graph;
  validate_or_throw(graph, full_registry().schemas(), "net.nir");
  return graph;
}

std::string refusal(const Graph& graph) {
  try {
    exported(graph);
  } catch (const InputError& error) {
    EXPECT_EQ(error.source(), "net.h5");
    return error.what();
  }
  return "was exported";
}

std::string refusal_to_read(const nir::NirGraph& file) {
  try {
    imported(nir::nir_bytes(file));
  } catch (const InputError& error) {
    EXPECT_EQ(error.source(), "net.nir");
    return error.what();
  }
  return "was read";
}

nir::NirNode& node(nir::NirGraph& file, const std::string& name) {
  const auto found = std::find_if(file.nodes.begin(), file.nodes.end(),
                                  [&](const nir::NirNode& node) { return node.name == name; });
  if (found == file.nodes.end()) throw InternalError("no node " + name);
  return *found;
}

const std::vector<double>& reals(const nir::NirGraph& file, const char* node, const char* parameter) {
  return std::get<std::vector<double>>(file.find(node)->find(parameter)->values);
}

struct Answer {
  std::vector<float> logits;  // after every step
  std::uint64_t spike_hash = 0;
  bool operator==(const Answer&) const = default;
};

Answer answer(const Graph& graph, int steps) {
  EngineOptions options;
  options.device = DeviceKind::reference;
  options.threads = 1;
  options.hash = true;
  Engine engine(graph, full_registry(), options);
  engine.load(0, GraphBuilder(7).pixels(element_count(graph.input().integers("shape", {}))), 0);
  Answer result;
  for (int t = 0; t < steps; ++t) {
    engine.step();
    result.logits.insert(result.logits.end(), engine.logits(0).begin(), engine.logits(0).end());
  }
  result.spike_hash = engine.spike_hash(0);
  return result;
}

void expect_same_after_nir(const Graph& graph) {
  const Graph again = imported(exported(graph).bytes);
  EXPECT_EQ(dump(again), dump(graph));
  EXPECT_EQ(again, graph);
  EXPECT_EQ(answer(again, 6), answer(graph, 6));
}

Tensor of(std::vector<float> values) {
  const auto size = static_cast<std::int64_t>(values.size());
  return {{size}, std::move(values)};
}

// {4} -> Linear -> the neuron -> Output.
Graph behind_linear(Node neuron, std::int64_t outputs = 3) {
  GraphBuilder b;
  neuron.name = "neuron";
  neuron.inputs = {b.linear(b.input({4}), 4, outputs)};
  b.output(b.add(std::move(neuron)));
  return std::move(b.graph);
}

LifParameters plain_lif() {
  LifParameters lif;
  lif.decay = scalar_tensor(0.5F);
  lif.height = scalar_tensor(1.0F);
  lif.reset = Reset::zero;
  return lif;
}

TEST(NirExport, AResidualNetworkComesBackAsItWas) { expect_same_after_nir(small_residual_snn()); }

TEST(NirExport, EveryNeuronComesBackAsItWas) {
  IfParameters integrator;
  integrator.v_threshold = of({0.3F, 0.7F, 1.1F});
  integrator.v_init = of({0.15F, 0.0F, 0.55F});
  expect_same_after_nir(behind_linear(integrator.node("", "")));
  integrator.reset = Reset::zero;
  integrator.v_reset = -0.1;
  expect_same_after_nir(behind_linear(integrator.node("", "")));
  for (const Reset reset : {Reset::subtract, Reset::zero, Reset::none}) {
    LifParameters lif;
    lif.decay = of({0.9F, 1.0F, 0.0F});
    lif.v_threshold = of({0.4F, 0.5F, 0.6F});
    lif.v_leak = scalar_tensor(0.1F);
    lif.v_reset = of({0.0F, -0.25F, 0.1F});
    lif.height = of({1.0F, 0.3F, 2.0F});
    lif.reset = reset;
    expect_same_after_nir(behind_linear(lif.node("", "")));
    lif.v_init = of({0.2F, 0.3F, 0.1F});
    expect_same_after_nir(behind_linear(lif.node("", "")));
  }
  BurstLifParameters burst;
  burst.decay = of({1.0F, 0.8F, 0.0F});
  burst.v_threshold = scalar_tensor(0.2F);
  burst.v_min = of({-0.2F, 0.0F, -1.0F});
  burst.max_spikes = 3;
  expect_same_after_nir(behind_linear(burst.node("", "")));
  burst = {};
  burst.v_init = scalar_tensor(0.25F);
  expect_same_after_nir(behind_linear(burst.node("", "")));
  LiParameters li;
  li.decay = of({0.9F, 1.0F, 0.0F});
  li.v_leak = of({0.0F, 0.5F, 0.25F});
  expect_same_after_nir(behind_linear(li.node("", "")));
  li.v_init = scalar_tensor(0.125F);
  expect_same_after_nir(behind_linear(li.node("", "")));
}

TEST(NirExport, ParametersOfTenThousandNeuronsComeBack) {
  IfParameters neuron;
  neuron.v_threshold = GraphBuilder(3).tensor({10000});
  for (float& value : neuron.v_threshold.reals()) value = 0.1F + value * value;
  expect_same_after_nir(behind_linear(neuron.node("", ""), 10000));
}

TEST(NirExport, PoolsGroupsAndScalesComeBack) {
  GraphBuilder b(5);
  const std::string image = b.input({2, 8, 8});
  const std::string wide =
      b.conv2d(image, {.outputs = 4, .inputs = 2, .kernel_w = 5, .padding = {1, 2, 1, 2}, .bias = false});
  const std::string deep = b.conv2d(b.if_neuron(wide, 0.5F), {.outputs = 4, .inputs = 4, .groups = 4});
  const std::string spikes = b.if_neuron(deep, 0.25F);
  const std::string sum = b.add({"",
                                 "Affine",
                                 {b.avg_pool(spikes, 2)},
                                 {},
                                 {{"scale", scalar_tensor(4)}, {"shift", scalar_tensor(0)}}});
  const std::string scaled =
      b.add({"", "Affine", {sum}, {}, {{"scale", of({1, 2, 3, 4})}, {"shift", scalar_tensor(0)}}});
  Node pool{"", "AvgPool2d", {scaled}, {{"kernel", Ints{2, 2}}, {"padding", Ints{1, 0, 1, 0}}}, {}};
  pool.attributes["count_include_pad"] = std::int64_t{1};
  b.output(b.linear(b.op("Flatten", {b.add(std::move(pool))}), 60, 3));
  expect_same_after_nir(b.graph);
  const nir::NirGraph file = nir::read_nir_bytes(exported(b.graph).bytes, "net.nir");
  std::map<std::string, int> types;
  for (const nir::NirNode& found : file.nodes) ++types[found.type];
  EXPECT_EQ(types["SumPool2d"], 1);
  EXPECT_EQ(types["AvgPool2d"], 1);
  EXPECT_EQ(types["Scale"], 1);  // heights are in weights and in it
}

// Sums of sums, sums that several nodes read, an order that is not that of the names.
TEST(NirExport, SumsComeBackInTheirOrder) {
  GraphBuilder b(9);
  const std::string image = b.input({4});
  std::vector<std::string> parts;
  for (const char* name : {"z", "m", "a"}) {
    parts.push_back(b.add({name, "Linear", {image}, {}, {{"weight", b.tensor({4, 4})}}}));
  }
  const std::string pair = b.op("Add", {parts[1], parts[0]});
  const std::string all = b.op("Add", {parts[2], pair});
  const std::string one = b.if_neuron(all, 0.5F), other = b.if_neuron(all, 0.25F);
  b.output(b.op("Add", {other, b.if_neuron(pair, 0.75F), one}));
  expect_same_after_nir(b.graph);
}

// input -> Linear -> sum -> neuron -> Output, and the neuron's last spikes -> Linear -> sum.
Graph recurrent(LifParameters neuron) {
  GraphBuilder b(11);
  const std::string image = b.input({4});
  const std::string last = b.add({"last", delay_op, {"neuron"}, {{"shape", Ints{4}}}, {}});
  const std::string sum = b.op("Add", {b.linear(image, 4, 4), b.linear(last, 4, 4)});
  b.output(b.add(neuron.node("neuron", sum)));
  return std::move(b.graph);
}

TEST(NirExport, CyclesComeBack) {
  LifParameters lif = plain_lif();
  lif.v_threshold = scalar_tensor(0.25F);
  for (const float height : {1.0F, 0.5F}) {
    lif.height = scalar_tensor(height);
    const Graph graph = recurrent(lif);
    expect_same_after_nir(graph);
    // By NIR's meaning alone too: what closes the cycle arrives a step later.
    const std::string bytes = exported(graph, 0.25).bytes;
    EXPECT_EQ(answer(imported(bytes, "nir", 0.25), 8).logits, answer(graph, 8).logits);
  }
}

// Its spikes and those of the step before meet no weights: each has a Scale.
TEST(NirExport, ANeuronThatReadsItselfComesBack) {
  GraphBuilder b(14);
  const std::string image = b.input({4});
  const std::string last = b.add({"last", delay_op, {"the neuron"}, {{"shape", Ints{4}}}, {}});
  LifParameters lif = plain_lif();
  lif.height = of({0.5F, 2.0F, 0.25F, 1.0F});
  b.output(b.add(lif.node("the neuron", b.op("Add", {image, last}))));
  expect_same_after_nir(b.graph);
  const std::string bytes = exported(b.graph, 0.25).bytes;
  EXPECT_EQ(answer(imported(bytes, "nir", 0.25), 8).logits, answer(b.graph, 8).logits);
  const nir::NirGraph file = nir::read_nir_bytes(bytes, "net.nir");
  EXPECT_THAT(file.edges, Contains(nir::Edge("the_neuron.height", "the_neuron")));
  EXPECT_THAT(file.edges, Contains(nir::Edge("the_neuron.height_2", "output")));
}

TEST(NirExport, ADelayOnNoCycleIsNirs) {
  GraphBuilder b(12);
  LifParameters lif = plain_lif();
  lif.height = scalar_tensor(0.5F);
  b.add(lif.node("neuron", b.linear(b.input({4}), 4, 4)));
  const std::string last = b.add({"last", delay_op, {"neuron"}, {{"shape", Ints{4}}}, {}});
  b.output(b.op("Add", {"neuron", last}));
  expect_same_after_nir(b.graph);
  const nir::NirGraph file = nir::read_nir_bytes(exported(b.graph, 0.5).bytes, "net.nir");
  EXPECT_THAT(reals(file, "last", "delay"), ElementsAre(0.5, 0.5, 0.5, 0.5));
  EXPECT_THAT(file.edges, Contains(nir::Edge("neuron", "last")));
}

TEST(NirExport, SpikesAndThoseOfTheStepBeforeAreTwoEdges) {
  GraphBuilder b(13);
  b.input({4});
  const std::string last = b.add({"last", delay_op, {"neuron"}, {{"shape", Ints{4}}}, {}});
  b.add(plain_lif().node("neuron", b.op("Add", {"input", last})));
  b.output(b.op("Add", {"neuron", last}));
  EXPECT_THAT(refusal(b.graph),
              HasSubstr("output: reads the spikes of 'neuron' and those of the step before"));
}

TEST(NirExport, NormalisationComesBack) {
  Graph graph = behind_linear(plain_lif().node("", ""));
  graph.input().tensors = {{"mean", scalar_tensor(0.3F)}, {"std", scalar_tensor(0.25F)}};
  expect_same_after_nir(graph);
  EXPECT_THAT(exported(graph).notes, ElementsAre(Field(&Fault::where, "normalisation")));
}

TEST(NirExport, NamesAreThoseThatEveryReaderTakes) {
  Graph graph = behind_linear(plain_lif().node("", ""));
  graph.nodes[1].name = "fc/1 \xC3\xA4";
  graph.nodes[2].inputs = {graph.nodes[1].name};
  graph.nodes[2].name = "fc_1___";
  graph.nodes[3].inputs = {graph.nodes[2].name};
  expect_same_after_nir(graph);
  const nir::NirGraph file = nir::read_nir_bytes(exported(graph).bytes, "net.nir");
  EXPECT_NE(file.find("fc_1___"), nullptr);
  EXPECT_NE(file.find("fc_1____2"), nullptr);
}

TEST(NirExport, ParametersAreThoseOfEulersRule) {
  Graph graph = behind_linear(plain_lif().node("", ""));
  const nir::NirGraph file = nir::read_nir_bytes(exported(graph, 0.25).bytes, "net.nir");
  EXPECT_EQ(file.find("neuron")->type, "LIF");
  EXPECT_THAT(reals(file, "neuron", "tau"), ElementsAre(0.5, 0.5, 0.5));
  EXPECT_THAT(reals(file, "neuron", "r"), ElementsAre(2, 2, 2));
  EXPECT_EQ(file.find("neuron")->find("v_reset"), nullptr);  // it is 0
  // Above the number before it is at it.
  EXPECT_EQ(std::nextafter(static_cast<float>(reals(file, "neuron", "v_threshold")[0]), 2.0F), 1.0F);
}

TEST(NirExport, EdgesComeInTheOrderOfComputation) {
  const nir::NirGraph file = nir::read_nir_bytes(exported(small_residual_snn()).bytes, "net.nir");
  std::vector<std::string> done{"input"};
  for (const auto& [from, to] : file.edges) {
    EXPECT_THAT(done, Contains(from));
    done.push_back(to);
  }
  EXPECT_EQ(file.version, "1.0");
}

TEST(NirExport, EqualNetworksGiveEqualBytes) {
  EXPECT_EQ(exported(small_residual_snn()).bytes, exported(small_residual_snn()).bytes);
}

// What NIR can say, the file says without our attributes.
TEST(NirExport, WhatResetsToZeroIsTheSameByNirsMeaningAlone) {
  LifParameters lif = plain_lif();
  lif.v_threshold = scalar_tensor(0.25F);
  lif.height = scalar_tensor(0.5F);
  const Graph graph = behind_linear(lif.node("", ""));
  const NirFileBytes file = exported(graph, 0.25);
  EXPECT_THAT(file.notes, ElementsAre(Field(&Fault::where, "height")));
  const std::vector<float> logits = answer(graph, 8).logits;
  EXPECT_EQ(answer(imported(file.bytes, "nir", 0.25), 8).logits, logits);
  EXPECT_THAT(logits, Contains(::testing::Gt(1.0F)));  // some spiked several times
}

// {2, 4, 4} -> Conv2d -> neurons -> Conv2d of two groups -> neurons -> Flatten -> Linear.
Graph with_heights() {
  GraphBuilder b(21);
  LifParameters lif = plain_lif();
  lif.v_threshold = scalar_tensor(0.125F);
  lif.height = of({0.3F, 0.7F, 1.1F, 1.3F});
  const std::string image = b.input({2, 4, 4});
  const std::string first = b.add(lif.node("first", b.conv2d(image, {.outputs = 4, .inputs = 2})));
  lif.height = of({0.9F, 0.1F, 0.6F, 1.7F});
  const std::string second =
      b.add(lif.node("second", b.conv2d(first, {.outputs = 4, .inputs = 4, .groups = 2, .bias = false})));
  b.output(b.linear(b.op("Flatten", {second}), 64, 3));
  return std::move(b.graph);
}

TEST(NirExport, WeightsHoldWhatSpikesAreWorth) {
  const Graph graph = with_heights();
  expect_same_after_nir(graph);
  const std::string bytes = exported(graph, 0.25).bytes;
  const nir::NirGraph file = nir::read_nir_bytes(bytes, "net.nir");
  for (const nir::NirNode& found : file.nodes) EXPECT_NE(found.type, "Scale");
  const std::string conv = graph.nodes[3].name;
  const std::vector<float>& weights = graph.find(conv)->tensors.at("weight").reals();
  const float heights[4] = {0.3F, 0.7F, 1.1F, 1.3F};
  for (int o = 0; o < 4; ++o) {
    for (int i = 0; i < 2; ++i) {
      for (int tap = 0; tap < 9; ++tap) {
        const int at = (o * 2 + i) * 9 + tap;
        EXPECT_EQ(static_cast<float>(reals(file, conv.c_str(), "weight")[at]),
                  weights[at] * heights[o / 2 * 2 + i]);
      }
    }
  }
  // The engine rounds such products alike: by NIR's meaning alone it is the same network, bit for bit.
  EXPECT_EQ(answer(imported(bytes, "nir", 0.25), 6), answer(graph, 6));
}

TEST(NirExport, AHeightBehindAPoolIsInTheWeightsToo) {
  GraphBuilder b(22);
  LifParameters lif = plain_lif();
  lif.v_threshold = scalar_tensor(0.125F);
  lif.height = of({0.5F, 2.0F, 0.25F, 4.0F});
  const std::string spikes =
      b.add(lif.node("lif", b.conv2d(b.input({2, 4, 4}), {.outputs = 4, .inputs = 2})));
  b.output(b.linear(b.op("Flatten", {b.avg_pool(spikes, 2)}), 16, 3));
  expect_same_after_nir(b.graph);
  const NirFileBytes file = exported(b.graph, 0.25);
  EXPECT_THAT(file.notes, IsEmpty());
  EXPECT_EQ(answer(imported(file.bytes, "nir", 0.25), 6), answer(b.graph, 6));
}

// A residual network's: weights read the spikes, and a sum does.
TEST(NirExport, AScaleIsWhereNoWeightsReadTheSpikes) {
  const nir::NirGraph file = nir::read_nir_bytes(exported(small_residual_snn()).bytes, "net.nir");
  const auto scales = std::count_if(file.nodes.begin(), file.nodes.end(),
                                    [](const nir::NirNode& found) { return found.type == "Scale"; });
  EXPECT_EQ(scales, 1);
}

TEST(NirExport, ASinabsNeuronIsTheSameByItsMeaningAlone) {
  BurstLifParameters burst;
  burst.v_threshold = scalar_tensor(0.5F);
  burst.v_min = scalar_tensor(-0.5F);
  burst.height = scalar_tensor(1.0F);
  const Graph iaf = behind_linear(burst.node("", ""));
  EXPECT_EQ(answer(imported(exported(iaf).bytes, "sinabs"), 6), answer(iaf, 6));
  burst.v_min.reset();
  burst.decay = scalar_tensor(0.75F);
  const Graph leaky = imported(exported(behind_linear(burst.node("", ""))).bytes, "sinabs");
  EXPECT_FLOAT_EQ(static_cast<float>(BurstLifParameters::of(*leaky.find("neuron")).decay.at(0)), 0.75F);
}

TEST(NirExport, AThresholdAndAnIntegratorAreNirs) {
  LifParameters step;
  step.decay = scalar_tensor(0.0F);
  step.height = scalar_tensor(1.0F);
  step.reset = Reset::none;
  const std::string bytes = exported(behind_linear(step.node("", ""))).bytes;
  EXPECT_EQ(nir::read_nir_bytes(bytes, "net.nir").find("neuron")->type, "Threshold");
  const std::string sums = exported(behind_linear(LiParameters{}.node("", ""))).bytes;
  EXPECT_EQ(nir::read_nir_bytes(sums, "net.nir").find("neuron")->type, "I");
}

TEST(NirExport, SaysWhatOtherReadersDoNotKnow) {
  EXPECT_THAT(exported(behind_linear(plain_lif().node("", ""))).notes, IsEmpty());
  const Notes notes = exported(small_residual_snn()).notes;
  for (const char* kind : {"reset", "start", "height", "shapes"})
    EXPECT_THAT(notes, Contains(Field(&Fault::where, kind))) << kind;
  EXPECT_EQ(notes.size(), 4U);
  EXPECT_THAT(notes[0].what, HasSubstr(" and 4 more: a spike subtracts the threshold"));
  const Notes bursts = exported(behind_linear(BurstLifParameters{}.node("", ""))).notes;
  EXPECT_THAT(bursts, ElementsAre(Field(&Fault::where, "bursts")));
}

TEST(NirExport, SaysWhoWroteTheFile) {
  const NirImport read =
      import_nir_bytes(exported(small_residual_snn()).bytes, "net.nir", {"auto", {}, true});
  ASSERT_EQ(read.notes.size(), 1U);
  EXPECT_EQ(read.notes[0].what, "was written by rheobase 1.2.3, and is the network that it was");
  EXPECT_FALSE(read.fires_above);
}

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
