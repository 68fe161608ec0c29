// What a network is after it was a NIR file, and what NIR's own meaning makes of that file.
#include <gmock/gmock.h>

#include <map>

#include "converters/nir/file/reader.h"
#include "neurons/burst_lif.h"
#include "neurons/general_lif.h"
#include "neurons/li.h"
#include "tests/converters/nir_round_trip.h"

namespace rheobase {
namespace {

using testing::answer;
using testing::behind_linear;
using ::testing::Contains;
using ::testing::ElementsAre;
using testing::expect_same_after_nir;
using testing::exported;
using ::testing::Field;
using testing::GraphBuilder;
using ::testing::HasSubstr;
using testing::imported;
using ::testing::IsEmpty;
using testing::node;
using testing::of;
using testing::plain_lif;
using testing::reals;
using testing::refusal;
using testing::small_residual_snn;
using testing::with_heights;

using Ints = std::vector<std::int64_t>;

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

TEST(NirExport, GeneralNeuronsComeBackWithANoteOfWhatNirDoesNotHave) {
  GeneralLifParameters general;
  general.decay = of({0.9F, 0.5F, 1.0F});
  general.v_threshold = of({0.2F, 0.3F, 0.5F});
  general.v_drop = of({0.1F, 0.4F, 0.5F});
  general.v_leak = of({0.0F, 0.1F, 0.0F});
  general.v_init = scalar_tensor(0.0F);
  general.height = scalar_tensor(1.0F);
  for (const bool delayed : {false, true}) {
    general.reset_delay = delayed;
    expect_same_after_nir(behind_linear(general.node("", "")));
  }
  const Notes notes = exported(behind_linear(general.node("", ""))).notes;
  EXPECT_THAT(notes, Contains(Field(&Fault::what, HasSubstr("a spike's subtraction comes a step later"))));
  general.reset = Reset::zero;
  general.reset_delay = false;
  general.v_drop.reset();
  general.v_min = scalar_tensor(0.0F);
  expect_same_after_nir(behind_linear(general.node("", "")));
  EXPECT_THAT(exported(behind_linear(general.node("", ""))).notes, Contains(Field(&Fault::where, "bound")));
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

}  // namespace
}  // namespace rheobase
