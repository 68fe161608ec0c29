#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "converters/nir/importer.h"
#include "neurons/lif.h"
#include "sim/engine/engine.h"
#include "sim/graph/validate.h"
#include "tests/converters/nir_file.h"
#include "tests/support/build_graph.h"

namespace rheobase {
namespace {

using ::testing::ElementsAre;
using testing::full_registry;
using ::testing::HasSubstr;
using testing::integers;
using testing::NirFile;
using testing::reals;
using testing::small_nir;

using Ints = std::vector<std::int64_t>;

NirImport import(const NirFile& file, const NirOptions& options = {}) {
  return import_nir_bytes(file.bytes(), "net.nir", options);
}

std::string refusal(const NirFile& file, const NirOptions& options = {}) {
  try {
    import(file, options);
  } catch (const InputError& error) {
    return error.what();
  }
  return "was imported";
}

float above(float value) { return std::nextafter(value, std::numeric_limits<float>::infinity()); }

NirFile one_node(const Shape& input, nir::NirNode node, const Shape& output) {
  NirFile file;
  file.nodes = {{"input", "Input", {{"shape", integers({std::ssize(input)}, input)}}, {}},
                std::move(node),
                {"output", "Output", {{"shape", integers({std::ssize(output)}, output)}}, {}}};
  file.edges = {{"input", file.nodes[1].name}, {file.nodes[1].name, "output"}};
  return file;
}

NirFile if_file(double r) {
  return one_node({2}, {"if", "IF", {{"r", reals({2}, {r, r})}, {"v_threshold", reals({2}, {1, 1})}}, {}},
                  {2});
}

// Logits after each step, of one sample.
std::vector<float> outputs(const Graph& graph, const std::vector<float>& pixels, int steps) {
  validate_or_throw(graph, full_registry().schemas(), "graph");
  Engine engine(graph, full_registry(), {DeviceKind::reference, 1, 1, Coding::direct, 0, false});
  engine.load(0, pixels, 0);
  std::vector<float> result;
  for (int t = 0; t < steps; ++t) {
    engine.step();
    const auto logits = engine.logits(0);
    result.insert(result.end(), logits.begin(), logits.end());
  }
  return result;
}

TEST(NirImport, TakesEulersRuleAndFiresAboveTheThreshold) {
  NirOptions options;
  options.dialect = "nir";
  options.dt = 0.03125;  // half of tau
  const Graph graph = import(small_nir(), options).graph;
  const LifParameters lif = LifParameters::of(*graph.find("lif"));
  EXPECT_EQ(lif.decay, scalar_tensor(0.5F));
  EXPECT_EQ(lif.v_threshold, (Tensor{{3}, {above(1), above(1), above(2)}}));
  EXPECT_EQ(lif.height, scalar_tensor(1.0F));
  EXPECT_EQ(lif.reset, Reset::zero);
  const Node* gain = graph.find("lif/gain");  // r dt / tau
  ASSERT_NE(gain, nullptr);
  EXPECT_EQ(gain->tensors.at("scale"), scalar_tensor(0.5F));
}

// The neuron by the format's equations in steps: v += dt / tau (v_leak - v + R I), then v > v_threshold.
TEST(NirImport, ALifSpikesAsItsEquationsSay) {
  NirOptions options;
  options.dialect = "nir";
  options.dt = 0.03125;
  const std::vector<float> found = outputs(import(small_nir(), options).graph, {2.5F, 0.0F}, 6);
  float v[3] = {}, sums[3] = {};
  const float x[3] = {2.5F, 1.25F, -2.5F}, threshold[3] = {1, 1, 2};
  std::vector<float> expected;
  for (int t = 0; t < 6; ++t) {
    for (int i = 0; i < 3; ++i) {
      v[i] += 0.5F * (-v[i] + x[i]);
      if (v[i] > threshold[i]) {
        v[i] = 0;
        sums[i] += 1;
      }
      expected.push_back(sums[i]);
    }
  }
  EXPECT_EQ(found, expected);
  EXPECT_GT(sums[0], 0);
  EXPECT_GT(sums[1], 0);
}

TEST(NirImport, TellsTheTwoMeaningsOfAnIfApart) {
  for (const double r : {1.0, 1e4}) {
    const NirImport result = import(if_file(r));
    EXPECT_EQ(result.graph.find("if/gain"), nullptr);
    EXPECT_THAT(result.notes[0].what, HasSubstr(r == 1.0 ? "nir:" : "spikingjelly:"));
    const LifParameters neuron = LifParameters::of(*result.graph.find("if"));
    EXPECT_EQ(neuron.decay, scalar_tensor(1.0F));
    EXPECT_EQ(neuron.v_threshold, scalar_tensor(r == 1.0 ? above(1) : 1.0F));  // > or >=
  }
  EXPECT_THAT(refusal(if_file(3)), HasSubstr("if: has r = 3, and only 1 and 1 / dt"));
}

TEST(NirImport, AValueOnTheThresholdFiresWhereTheDialectSaysSo) {
  NirOptions options;
  options.dialect = "nir";
  EXPECT_THAT(outputs(import(if_file(1), options).graph, {1.0F, 0.5F}, 2), ElementsAre(0, 0, 1, 0));
  options.dialect = "spikingjelly";
  EXPECT_THAT(outputs(import(if_file(1), options).graph, {1.0F, 0.5F}, 2), ElementsAre(1, 0, 2, 1));
}

TEST(NirImport, DoubtsAreNotesAndFaultsWhenStrict) {
  EXPECT_EQ(import(if_file(1)).notes.size(), 2U);
  NirOptions strict;
  strict.strict = true;
  EXPECT_THAT(refusal(if_file(1), strict), HasSubstr("--dialect names the one that wrote the file"));
  EXPECT_EQ(refusal(if_file(1e4), strict), "was imported");
  strict.dialect = "norse";
  EXPECT_EQ(refusal(if_file(1), strict), "was imported");
}

TEST(NirImport, BeginsWhereTheDialectBegins) {
  NirFile file = small_nir();
  file.nodes[2].parameters["v_leak"] = reals({}, {0.25});
  file.nodes[2].parameters["v_reset"] = reals({}, {-0.5});
  NirOptions options;
  for (const auto& [dialect, start] :
       {std::pair("nir", 0.0F), std::pair("norse", 0.25F), std::pair("spikingjelly", -0.5F)}) {
    options.dialect = dialect;
    EXPECT_EQ(LifParameters::of(*import(file, options).graph.find("lif")).start(), scalar_tensor(start));
  }
}

TEST(NirImport, AStepLongerThanTauIsRefused) {
  NirOptions options;
  options.dt = 0.125;
  EXPECT_THAT(refusal(small_nir(), options), HasSubstr("lif: has tau = 0.0625, less than a step of 0.125"));
}

TEST(NirImport, ConvolutionsHaveTheirWindows) {
  nir::NirNode conv{"conv", "Conv2d", {}, {}};
  conv.parameters = {{"weight", reals({1, 1, 2, 3}, {1, 2, 3, 4, 5, 6})},
                     {"bias", reals({1}, {0.5})},
                     {"stride", integers({2}, {2, 1})},
                     {"padding", integers({2}, {1, 0})},
                     {"dilation", integers({}, {1})},
                     {"groups", integers({}, {1})}};
  const Graph graph = import(one_node({1, 2, 3}, conv, {1, 2, 1})).graph;
  EXPECT_EQ(graph.find("conv")->integers("padding", {}), (Ints{1, 0, 1, 0}));
  EXPECT_EQ(graph.find("conv")->integers("stride", {}), (Ints{2, 1}));
  // Rows: padding and 1 2 3; 4 5 6 and padding.
  EXPECT_THAT(outputs(graph, {1, 2, 3, 4, 5, 6}, 1), ElementsAre(0.5F + 4 + 10 + 18, 0.5F + 4 + 10 + 18));
}

TEST(NirImport, SameKeepsTheExtentsOfAConv1d) {
  nir::NirNode conv{"conv", "Conv1d", {}, {}};
  conv.parameters = {{"weight", reals({1, 1, 2}, {1, 10})},
                     {"stride", integers({}, {1})},
                     {"dilation", integers({}, {1})},
                     {"groups", integers({}, {1})},
                     {"padding", {{}, std::vector<std::string>{"same"}}}};
  const Graph graph = import(one_node({1, 3}, conv, {1, 3})).graph;
  EXPECT_THAT(outputs(graph, {1, 2, 3}, 1), ElementsAre(21, 32, 3));
}

TEST(NirImport, SumPoolsSumAndAveragePoolsAverage) {
  nir::NirNode pool{"pool", "SumPool2d", {}, {}};
  pool.parameters = {
      {"kernel_size", integers({2}, {2, 2})}, {"stride", integers({}, {2})}, {"padding", integers({}, {0})}};
  EXPECT_THAT(outputs(import(one_node({1, 2, 2}, pool, {1, 1, 1})).graph, {1, 2, 3, 5}, 1), ElementsAre(11));
  pool.type = "AvgPool2d";
  EXPECT_THAT(outputs(import(one_node({1, 2, 2}, pool, {1, 1, 1})).graph, {1, 2, 3, 5}, 1),
              ElementsAre(2.75F));
}

TEST(NirImport, EdgesThatMeetAreSummedAndNothingIsDelayedByZero) {
  NirFile file = one_node({2}, {"fc", "Affine", {}, {}}, {2});
  file.nodes[1].parameters = {{"weight", reals({2, 2}, {1, 0, 0, 2})}, {"bias", reals({2}, {0.5, 0})}};
  file.nodes.push_back({"delay", "Delay", {{"delay", reals({2}, {0, 0})}}, {}});
  file.nodes.push_back({"scale", "Scale", {{"scale", reals({2}, {3, 4})}}, {}});
  file.edges = {
      {"scale", "output"}, {"input", "delay"}, {"delay", "fc"}, {"fc", "output"}, {"input", "scale"}};
  EXPECT_THAT(outputs(import(file).graph, {1, 2}, 1), ElementsAre(1.5F + 3, 4 + 8));
  file.nodes[3].parameters["delay"] = reals({2}, {0, 0.5});
  EXPECT_THAT(refusal(file), HasSubstr("delay: delays by 0.5, and only 0 can be imported"));
}

TEST(NirImport, AThresholdFiresAboveItAlone) {
  const NirFile file = one_node({2}, {"on", "Threshold", {{"threshold", reals({2}, {1, 1})}}, {}}, {2});
  EXPECT_THAT(outputs(import(file).graph, {1.0F, 1.5F}, 2), ElementsAre(0, 1, 0, 2));
}

TEST(NirImport, NamesTheEdgeThatClosesACycle) {
  NirFile file = small_nir();
  file.nodes.push_back({"rec", "Linear", {{"weight", reals({3, 3}, std::vector<double>(9, 0.5))}}, {}});
  file.edges.emplace_back("lif", "rec");
  file.edges.emplace_back("rec", "lif");
  EXPECT_THAT(refusal(file), HasSubstr("recurrent networks cannot be imported in this version"));
  EXPECT_THAT(refusal(file), ::testing::AnyOf(HasSubstr("lif: reads itself, by the edge from 'rec'"),
                                              HasSubstr("rec: reads itself, by the edge from 'lif'")));
}

TEST(NirImport, NamesEveryNodeThatItCannotRead) {
  NirFile file = small_nir();
  file.nodes[1].type = "Conv3d";
  EXPECT_THAT(refusal(file), HasSubstr("fc: is of type Conv3d, which cannot be imported"));
  file = small_nir();
  file.nodes[2].type = "CubaLIF";
  EXPECT_THAT(refusal(file), HasSubstr("lif: is of type CubaLIF"));
  file = small_nir();
  file.nodes[2].parameters["tau"] = reals({2}, {1, 1});
  EXPECT_THAT(refusal(file), HasSubstr("lif: has 2 values in tau, and reads 3"));
  file.nodes[2].parameters.erase("tau");
  EXPECT_THAT(refusal(file), HasSubstr("lif: has no 'tau'"));
}

TEST(NirImport, RefusesParametersThatDifferWithinAChannel) {
  NirFile file = one_node({1, 1, 2}, {"if", "IF", {}, {}}, {1, 1, 2});
  file.nodes[1].parameters = {{"r", reals({1, 1, 2}, {1, 1})}, {"v_threshold", reals({1, 1, 2}, {1, 2})}};
  EXPECT_THAT(refusal(file), HasSubstr("if: has 1 and 2 in v_threshold of one channel"));
}

}  // namespace
}  // namespace rheobase
