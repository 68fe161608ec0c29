#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "converters/nir/importer.h"
#include "neurons/burst_lif.h"
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
  EXPECT_THAT(refusal(if_file(1), strict), HasSubstr("--dialect sinabs, or the one that wrote the file"));
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

// As Norse writes it, from a sample with a batch.
TEST(NirImport, AnInputMayCountABatchOfOne) {
  NirFile file = small_nir();
  file.nodes[0].parameters["shape"] = integers({2}, {1, 2});
  const NirImport result = import(file);
  EXPECT_EQ(result.graph.input().integers("shape", {}), (Ints{2}));
  EXPECT_THAT(result.notes.back().what,
              HasSubstr("has a leading extent of 1, which is taken to count a batch"));
}

// As Rockpool writes it, from a sample with a batch and steps.
TEST(NirImport, AnInputOfVectorsMayCountABatchAndStepsOfOne) {
  NirFile file = small_nir();
  file.nodes[0].parameters["shape"] = integers({3}, {1, 1, 2});
  const NirImport result = import(file);
  EXPECT_EQ(result.graph.input().integers("shape", {}), (Ints{2}));
  EXPECT_THAT(result.notes.back().what, HasSubstr("has two leading extents of 1"));
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
  EXPECT_THAT(refusal(file),
              HasSubstr("delay: delays by 0.5, and only 0 and a step, 0.0001, can be imported"));
}

TEST(NirImport, AThresholdFiresAboveItAlone) {
  const NirFile file = one_node({2}, {"on", "Threshold", {{"threshold", reals({2}, {1, 1})}}, {}}, {2});
  EXPECT_THAT(outputs(import(file).graph, {1.0F, 1.5F}, 2), ElementsAre(0, 1, 0, 2));
}

// As Sinabs' from_nir() makes it: IAF with MultiSpike, MembraneSubtract and min_v_mem = -v_threshold.
TEST(NirImport, AnIfOfSinabsFiresSeveralTimesAndIsBoundedBelow) {
  NirOptions options;
  options.dialect = "sinabs";
  options.strict = true;
  const Graph graph = import(if_file(1), options).graph;
  const BurstLifParameters neuron = BurstLifParameters::of(*graph.find("if"));
  EXPECT_EQ(neuron.decay, scalar_tensor(1.0F));
  EXPECT_EQ(neuron.v_min, scalar_tensor(-1.0F));
  EXPECT_EQ(neuron.max_spikes, 0);
  EXPECT_THAT(outputs(graph, {2.5F, -4.0F}, 3), ElementsAre(2, 0, 5, 0, 7, 0));
}

TEST(NirImport, ALifOfSinabsDecaysExponentially) {
  NirFile file = small_nir();
  for (const char* parameter : {"tau", "v_leak", "v_reset"}) file.nodes[2].parameters.erase(parameter);
  file.nodes[2].parameters["tau"] = reals({}, {10});
  file.nodes[2].parameters["v_leak"] = reals({}, {0});
  NirOptions options;
  options.dialect = "sinabs";
  const BurstLifParameters neuron = BurstLifParameters::of(*import(file, options).graph.find("lif"));
  EXPECT_EQ(neuron.decay, scalar_tensor(std::exp(-0.1F)));
  EXPECT_FALSE(neuron.v_min.has_value());
  file.nodes[2].parameters["v_leak"] = reals({}, {0.5});
  EXPECT_THAT(refusal(file, options),
              HasSubstr("lif: has v_leak = 0.5, and only 0 is known in the dialect sinabs"));
}

TEST(NirImport, ALeakyIntegratorEmitsItsPotential) {
  NirFile file = one_node({2}, {"li", "LI", {}, {}}, {2});
  file.nodes[1].parameters = {
      {"tau", reals({2}, {0.5, 0.25})}, {"r", reals({2}, {2, 1})}, {"v_leak", reals({2}, {0, 1})}};
  NirOptions options;
  options.dialect = "nir";
  options.dt = 0.125;
  float v[2] = {}, sums[2] = {};
  std::vector<float> expected;
  for (int t = 0; t < 4; ++t) {
    v[0] += 0.25F * (2 * 3 - v[0]);
    v[1] += 0.5F * (1 - v[1] + 5);
    for (int i = 0; i < 2; ++i) expected.push_back(sums[i] += v[i]);
  }
  EXPECT_EQ(outputs(import(file, options).graph, {3, 5}, 4), expected);
}

TEST(NirImport, AnIntegratorSumsItsInput) {
  NirFile file = one_node({2}, {"i", "I", {{"r", reals({2}, {1e4, 1e4})}}, {}}, {2});
  EXPECT_THAT(outputs(import(file).graph, {3, 5}, 2), ElementsAre(3, 5, 3 + 6, 5 + 10));
}

// By its equations, in Euler's steps: tau_syn I' = -I + w_in S, tau_mem v' = (v_leak - v) + R I.
TEST(NirImport, ACubaLifFiltersItsCurrent) {
  NirFile file = one_node({2}, {"cuba", "CubaLIF", {}, {}}, {2});
  file.nodes[1].parameters = {{"tau_syn", reals({2}, {0.5, 0.25})},
                              {"tau_mem", reals({2}, {0.25, 0.5})},
                              {"r", reals({2}, {4, 8})},
                              {"v_leak", reals({2}, {0, 0.25})},
                              {"w_in", reals({2}, {2, 1})},
                              {"v_threshold", reals({2}, {1, 1})}};
  NirOptions options;
  options.dialect = "nir";
  options.dt = 0.125;
  const double tau_syn[2] = {0.5, 0.25}, tau_mem[2] = {0.25, 0.5}, r[2] = {4, 8}, leak[2] = {0, 0.25};
  const double w_in[2] = {2, 1}, x[2] = {1, 0.5};
  double current[2] = {}, v[2] = {}, sums[2] = {};
  std::vector<float> expected;
  for (int t = 0; t < 12; ++t) {
    for (int i = 0; i < 2; ++i) {
      current[i] += 0.125 / tau_syn[i] * (-current[i] + w_in[i] * x[i]);
      v[i] += 0.125 / tau_mem[i] * (leak[i] - v[i] + r[i] * current[i]);
      if (v[i] > 1) {
        v[i] = 0;
        sums[i] += 1;
      }
      expected.push_back(static_cast<float>(sums[i]));
    }
  }
  EXPECT_GT(sums[0], 1);
  EXPECT_GT(sums[1], 1);
  EXPECT_EQ(outputs(import(file, options).graph, {1, 0.5F}, 12), expected);
}

// lif <-> rec, by hand: what lif emitted in the step before is weighed and added to its current.
TEST(NirImport, SpikesOfACycleArriveAStepLater) {
  NirFile file = small_nir();
  file.nodes.push_back(
      {"a_rec", "Linear", {{"weight", reals({3, 3}, {0.5, -1, 0, 1, 0, 0.25, 0, 0, 2})}}, {}});
  file.edges.emplace_back("lif", "a_rec");
  file.edges.emplace_back("a_rec", "lif");
  NirOptions options;
  options.dialect = "nir";
  options.dt = 0.03125;
  const Graph graph = import(file, options).graph;
  EXPECT_NE(graph.find("lif/delay"), nullptr);
  const float weight[3][3] = {{0.5F, -1, 0}, {1, 0, 0.25F}, {0, 0, 2}}, threshold[3] = {1, 1, 2};
  const float x[3] = {2.5F, 1.25F, -2.5F};
  float v[3] = {}, last[3] = {}, sums[3] = {};
  std::vector<float> expected;
  bool differs = false;
  for (int t = 0; t < 20; ++t) {
    float spike[3] = {};
    for (int i = 0; i < 3; ++i) {
      float current = x[i];
      for (int j = 0; j < 3; ++j) current += weight[i][j] * last[j];
      differs |= current != x[i];
      v[i] += 0.5F * (-v[i] + current);
      spike[i] = v[i] > threshold[i] ? 1.0F : 0.0F;
      if (spike[i] > 0) v[i] = 0;
      expected.push_back(sums[i] += spike[i]);
    }
    std::copy(spike, spike + 3, last);
  }
  EXPECT_TRUE(differs);
  EXPECT_EQ(outputs(graph, {2.5F, 0.0F}, 20), expected);
}

TEST(NirImport, ANeuronMayReadItself) {
  NirFile file = if_file(1);
  file.edges.emplace_back("if", "if");
  NirOptions options;
  options.dialect = "nir";
  // v = 0.75, 1.5: fires, 0; then its last spike adds 1: 1.75 fires, 0; 1.75 ...
  EXPECT_THAT(outputs(import(file, options).graph, {0.75F, 0.0F}, 4), ElementsAre(0, 0, 1, 0, 2, 0, 3, 0));
}

TEST(NirImport, ACycleWithoutANeuronIsRefused) {
  NirFile file = one_node({2}, {"a", "Scale", {{"scale", reals({2}, {1, 1})}}, {}}, {2});
  file.nodes.push_back({"b", "Scale", {{"scale", reals({2}, {1, 1})}}, {}});
  file.edges.emplace_back("a", "b");
  file.edges.emplace_back("b", "a");
  EXPECT_THAT(refusal(file),
              HasSubstr("a: reads itself, by the edge from 'b', and no spiking neuron lies on that way"));
}

TEST(NirImport, NamesEveryNodeThatItCannotRead) {
  NirFile file = small_nir();
  file.nodes[1].type = "Conv3d";
  EXPECT_THAT(refusal(file), HasSubstr("fc: is of type Conv3d, which cannot be imported"));
  file = small_nir();
  file.nodes[2].type = "Hodgkin";
  EXPECT_THAT(refusal(file), HasSubstr("lif: is of type Hodgkin, "));
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
