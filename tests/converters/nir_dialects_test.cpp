// What each framework means by its neurons, how its files are told from others', and what is refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "converters/nir/importer.h"
#include "neurons/burst_lif.h"
#include "neurons/general_lif.h"
#include "neurons/li.h"
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

using Values = std::vector<double>;

NirImport import(const NirFile& file, const std::string& dialect = "auto", const std::string& reset = "auto",
                 std::optional<double> dt = {}, bool strict = false) {
  return import_nir_bytes(file.bytes(), "net.nir", {dialect, dt, strict, reset});
}

std::string refusal(const NirFile& file, const std::string& dialect = "auto",
                    const std::string& reset = "auto", std::optional<double> dt = {}, bool strict = false) {
  try {
    import(file, dialect, reset, dt, strict);
  } catch (const InputError& error) {
    return error.what();
  }
  return "was imported";
}

std::string chosen(const NirImport& import) {
  return import.notes.at(0).what.substr(0, import.notes[0].what.find(':'));
}

float above(float value) { return std::nextafter(value, std::numeric_limits<float>::infinity()); }

// Input {2} -> a neuron called `n` -> Output {2}; parameters have one number a neuron.
NirFile neuron_file(const std::string& type, const std::map<std::string, Values>& parameters) {
  NirFile file;
  file.single = false;
  nir::NirNode neuron{"n", type, {}, {}};
  for (const auto& [name, values] : parameters)
    neuron.parameters[name] = reals({2}, values.size() == 1 ? Values{values[0], values[0]} : values);
  file.nodes = {{"input", "Input", {{"shape", integers({1}, {2})}}, {}},
                std::move(neuron),
                {"output", "Output", {{"shape", integers({1}, {2})}}, {}}};
  file.edges = {{"input", "n"}, {"n", "output"}};
  return file;
}

NirFile lif_file(double r = 1, double tau = 0.02) {
  return neuron_file("LIF",
                     {{"tau", {tau}}, {"r", {r}}, {"v_leak", {0}}, {"v_threshold", {1}}, {"v_reset", {0}}});
}

NirFile cuba_file(const Values& tau_mem, const Values& tau_syn, const Values& r, const Values& w_in,
                  const Values& threshold = {1}) {
  return neuron_file("CubaLIF", {{"tau_mem", tau_mem},
                                 {"tau_syn", tau_syn},
                                 {"r", r},
                                 {"v_leak", {0}},
                                 {"w_in", w_in},
                                 {"v_threshold", threshold}});
}

// As Rockpool's to_nir() writes LIFTorch of this dt.
NirFile rockpool_file(double dt, const Values& tau = {0.02, 0.04}) {
  Values r;
  for (const double t : tau) r.push_back(static_cast<float>(t * std::exp(-dt / t) / dt));
  return cuba_file(tau, {0.01}, r, {1});
}

std::vector<float> outputs(const Graph& graph, const std::vector<std::vector<float>>& inputs) {
  validate_or_throw(graph, full_registry().schemas(), "graph");
  std::vector<float> result;
  Engine engine(graph, full_registry(), {DeviceKind::reference, 1, 1, Coding::events, 0, false});
  std::vector<InputEvent> events;
  for (std::size_t t = 0; t < inputs.size(); ++t) {
    for (std::int32_t i = 0; i < 2; ++i) {
      for (int k = 0; k < static_cast<int>(inputs[t][i]); ++k)
        events.push_back({static_cast<std::int32_t>(t + 1), i});
    }
  }
  engine.load(0, {{}, events, 0}, 0);
  for (std::size_t t = 0; t < inputs.size(); ++t) {
    engine.step();
    result.insert(result.end(), engine.logits(0).begin(), engine.logits(0).end());
  }
  return result;
}

TEST(NirDialects, FilesAreToldApartByTheirNumbers) {
  EXPECT_EQ(chosen(import(rockpool_file(1e-3))), "rockpool");
  EXPECT_EQ(chosen(import(lif_file(20 * std::exp(-0.05)))), "rockpool");
  EXPECT_EQ(chosen(import(lif_file(0.02 / 1e-4))), "snntorch");
  EXPECT_EQ(chosen(import(neuron_file("IF", {{"r", {1e4}}, {"v_threshold", {1}}}))), "spikingjelly");
  EXPECT_EQ(chosen(import(lif_file())), "nir");
  // r = tau_mem / dt and w_in = tau_syn / dt: Loihi's decays are multiples of 1 / 4096, snnTorch's are any.
  const double quarter = 1e-4 * 4, eighth = 1e-4 * 8;
  NirFile loihi = cuba_file({quarter}, {eighth}, {4}, {8}, {1.5});
  loihi.nodes.push_back({"fc", "Linear", {{"weight", reals({2, 2}, {1, -0.5, 3.0 / 64, 2})}}, {}});
  loihi.edges = {{"input", "fc"}, {"fc", "n"}, {"n", "output"}};
  EXPECT_EQ(chosen(import(loihi)), "lava");
  loihi.nodes.back().parameters["weight"] = reals({2, 2}, {1, -0.5, 0.3, 2});
  EXPECT_EQ(chosen(import(loihi)), "snntorch");
  EXPECT_EQ(chosen(import(cuba_file({1e-3}, {1e-3}, {10}, {10}, {0.7}))), "snntorch");
  EXPECT_EQ(chosen(import(cuba_file({0.02}, {0.01}, {1}, {1}))), "nir");
}

TEST(NirDialects, WhatIsAmbiguousIsANoteAndAnErrorWhenStrict) {
  const auto strict = [](const NirFile& file, const std::string& dialect = "auto",
                         const std::string& reset = "auto") {
    return refusal(file, dialect, reset, {}, true);
  };
  EXPECT_EQ(strict(rockpool_file(1e-3)), "was imported");
  EXPECT_THAT(strict(lif_file(0.02 / 1e-4)), HasSubstr("snnTorch's exporter leaves out how neurons reset"));
  EXPECT_THAT(strict(lif_file(0.02 / 1e-4), "auto", "delayed"),
              HasSubstr("SpikingJelly without decay_input"));
  EXPECT_EQ(strict(lif_file(0.02 / 1e-4), "snntorch"), "was imported");
  EXPECT_THAT(strict(cuba_file({1e-3}, {1e-3}, {10}, {10}, {0.7})), HasSubstr("Lava's exporter does too"));
  EXPECT_THAT(strict(cuba_file({0.02}, {0.01}, {1}, {1})), HasSubstr("--dialect and --dt do"));
  EXPECT_GE(import(lif_file(0.02 / 1e-4)).notes.size(), 3U);
}

TEST(NirDialects, AreRefusedByNameWhereThereIsNone) {
  EXPECT_THAT(refusal(lif_file(), "brian"),
              HasSubstr("expected auto, nir, snntorch, norse, spikingjelly, lava, sinabs, rockpool, nengo"));
  EXPECT_THAT(refusal(lif_file(), "nir", "soft"), HasSubstr("expected auto, zero, subtract or delayed"));
  for (const auto& [dialect, has] : {std::pair("sinabs", "subtract"), std::pair("rockpool", "subtract"),
                                     std::pair("lava", "zero"), std::pair("nengo", "zero")})
    EXPECT_THAT(refusal(lif_file(), dialect, "delayed"),
                HasSubstr(std::string("the dialect ") + dialect + " has one reset, " + has));
}

TEST(NirDialects, AResetBySubtractionTakesTheThresholdItself) {
  const Graph graph = import(lif_file(), "norse", "subtract").graph;
  const GeneralLifParameters neuron = GeneralLifParameters::of(*graph.find("n"));
  EXPECT_EQ(neuron.v_threshold, scalar_tensor(above(1)));
  EXPECT_EQ(*neuron.v_drop, scalar_tensor(1.0F));
  EXPECT_FALSE(neuron.reset_delay);
  // At the threshold they are one number, which LIF has.
  EXPECT_EQ(LifParameters::of(*import(lif_file(), "spikingjelly", "subtract").graph.find("n")).reset,
            Reset::subtract);
  NirFile resting = lif_file();
  resting.nodes[1].parameters["v_reset"] = reals({2}, {-1, -1});
  EXPECT_THAT(refusal(resting, "nir", "subtract"), HasSubstr("n: has v_reset = -1, and only 0 is known"));
}

// snnTorch's Leaky(beta=0.5) with its defaults, by its equation.
TEST(NirDialects, ADelayedResetIsSnnTorchsOwn) {
  const Graph graph = import(lif_file(2, 2e-4), "snntorch", "delayed").graph;
  const std::vector<std::vector<float>> x{{2, 1}, {1, 1}, {0, 1}, {3, 0}, {0, 2}, {1, 0}, {1, 3}, {0, 0}};
  float mem[2] = {}, sums[2] = {};
  std::vector<float> expected;
  for (const auto& now : x) {
    for (int i = 0; i < 2; ++i) {
      const float reset = mem[i] > 1 ? 1.0F : 0.0F;
      mem[i] = 0.5F * mem[i] + now[i] - reset;
      expected.push_back(sums[i] += mem[i] > 1 ? 1.0F : 0.0F);
    }
  }
  EXPECT_GT(sums[0] + sums[1], 3);
  EXPECT_EQ(outputs(graph, x), expected);
  EXPECT_NE(outputs(import(lif_file(2, 2e-4), "snntorch", "subtract").graph, x), expected);
}

// LIFTorch: I <- (I + x) b; v <- a v + I; as many spikes as thresholds fit, which v loses.
TEST(NirDialects, RockpoolsCurrentsAndPotentialsDecayExponentially) {
  const Graph graph = import(rockpool_file(1e-3)).graph;
  const BurstLifParameters neuron = BurstLifParameters::of(*graph.find("n"));
  EXPECT_EQ(neuron.decay, (Tensor{{2}, {std::exp(-0.05F), std::exp(-0.025F)}}));
  EXPECT_FALSE(neuron.v_min.has_value());
  EXPECT_EQ(LiParameters::of(*graph.find("n/current")).decay, scalar_tensor(std::exp(-0.1F)));
  EXPECT_EQ(graph.find("n/gain")->tensors.at("scale"), scalar_tensor(std::exp(-0.1F)));
  const std::vector<std::vector<float>> x{{3, 0}, {0, 2}, {1, 1}, {0, 5}, {2, 0}, {0, 0}};
  const double a[2] = {std::exp(-0.05), std::exp(-0.025)}, b = std::exp(-0.1);
  double current[2] = {}, v[2] = {}, sums[2] = {};
  std::vector<float> expected;
  for (const auto& now : x) {
    for (int i = 0; i < 2; ++i) {
      current[i] = (current[i] + now[i]) * b;
      v[i] = a[i] * v[i] + current[i];
      const double spikes = std::max(0.0, std::floor(v[i]));
      v[i] -= spikes;
      expected.push_back(static_cast<float>(sums[i] += spikes));
    }
  }
  EXPECT_EQ(outputs(graph, x), expected);
}

TEST(NirDialects, RockpoolsStepIsWhatItsResistanceSays) {
  for (const double dt : {2e-3, 5e-4}) {
    const Graph graph = import(rockpool_file(dt), "rockpool").graph;
    const Tensor decay = BurstLifParameters::of(*graph.find("n")).decay;
    EXPECT_NEAR(decay.at(0), std::exp(-dt / 0.02), 1e-6);
    EXPECT_NEAR(decay.at(1), std::exp(-dt / 0.04), 1e-6);
  }
  // Asked for, it is as asked.
  const Graph graph = import(rockpool_file(1e-3), "rockpool", "auto", 2e-3).graph;
  EXPECT_NEAR(BurstLifParameters::of(*graph.find("n")).decay.at(0), std::exp(-0.1), 1e-6);
}

TEST(NirDialects, RockpoolHasNoOtherNeurons) {
  NirFile file = rockpool_file(1e-3);
  file.nodes[1].parameters["v_leak"] = reals({2}, {0.5, 0.5});
  EXPECT_THAT(refusal(file), HasSubstr("n: has v_leak = 0.5, and only 0 is known in the dialect rockpool"));
  EXPECT_THAT(refusal(neuron_file("IF", {{"r", {1}}, {"v_threshold", {1}}}), "rockpool"),
              HasSubstr("n: is a IF, which the dialect rockpool does not have"));
  EXPECT_THAT(
      refusal(neuron_file("LI", {{"r", {1}}, {"tau", {1}}, {"v_leak", {0}}}), "rockpool"),
      HasSubstr("n: is a LI, which the dialect rockpool reads with tau as a whole number of seconds"));
  file = rockpool_file(1e-3);
  file.nodes[1].parameters["r"] = reals({2}, {0, 1});
  EXPECT_THAT(refusal(file, "rockpool"), HasSubstr("n: has r = 0, expected more than 0"));
}

// Lava's LIF process: u <- u (1 - du) + x; v <- v (1 - dv) + u; above the threshold to 0.
TEST(NirDialects, LavasNeuronsAreEulersWithoutLeakAndReset) {
  const double tau_mem = 1e-4 * 4, tau_syn = 1e-4 * 2;
  const NirFile file = cuba_file({tau_mem}, {tau_syn}, {4}, {2}, {1.5});
  const std::vector<std::vector<float>> x{{1, 0}, {1, 2}, {0, 0}, {2, 1}, {0, 0}, {0, 3}};
  float u[2] = {}, v[2] = {}, sums[2] = {};
  std::vector<float> expected;
  for (const auto& now : x) {
    for (int i = 0; i < 2; ++i) {
      u[i] = u[i] * 0.5F + now[i];
      v[i] = v[i] * 0.75F + u[i];
      const bool spike = v[i] > 1.5F;
      if (spike) v[i] = 0;
      expected.push_back(sums[i] += spike ? 1.0F : 0.0F);
    }
  }
  EXPECT_EQ(outputs(import(file, "lava").graph, x), expected);
  EXPECT_THAT(refusal(cuba_file({tau_mem}, {tau_syn}, {5}, {2}), "lava"),
              HasSubstr("n: has another r than tau_mem / dt, the only one that the dialect lava knows"));
  EXPECT_THAT(refusal(lif_file(2), "lava"),
              HasSubstr("n: has r = 2, and only 1 is known in the dialect lava"));
  EXPECT_THAT(refusal(neuron_file("I", {{"r", {1}}}), "lava"),
              HasSubstr("n: is a I, which the dialect lava does not have"));
  NirFile leaking = lif_file();
  leaking.nodes[1].parameters["v_leak"] = reals({2}, {1, 1});
  EXPECT_THAT(refusal(leaking, "lava"),
              HasSubstr("n: has v_leak = 1, and only 0 is known in the dialect lava"));
}

// nengo.LIF without a refractory period: v <- v + (J - v)(1 - exp(-dt / tau)), not below 0, above 1 to 0.
TEST(NirDialects, NengosLifIsNeverBelowZeroAndItsSpikesAreWorthOneOverDt) {
  NirFile file = lif_file();
  const Graph graph = import(file, "nengo").graph;
  const GeneralLifParameters neuron = GeneralLifParameters::of(*graph.find("n"));
  EXPECT_EQ(neuron.decay, scalar_tensor(std::exp(-0.05F)));
  EXPECT_EQ(*neuron.v_min, scalar_tensor(0.0F));
  EXPECT_EQ(neuron.reset, Reset::zero);
  EXPECT_EQ(*neuron.height, scalar_tensor(1000.0F));
  EXPECT_EQ(graph.find("n/gain")->tensors.at("scale"), scalar_tensor(-std::expm1(-0.05F)));
  const Graph plain = import(neuron_file("IF", {{"r", {1}}, {"v_threshold", {1}}}), "nengo").graph;
  EXPECT_EQ(*GeneralLifParameters::of(*plain.find("n")).height, scalar_tensor(1.0F));
  file.nodes[1].parameters["tau"] = reals({2}, {0.02, 0.03});
  EXPECT_THAT(refusal(file, "nengo"),
              HasSubstr("n: has more than one tau, and the dialect nengo takes the first"));
  EXPECT_THAT(refusal(cuba_file({0.02}, {0.01}, {1}, {1}), "nengo"),
              HasSubstr("n: is a CubaLIF, which the dialect nengo filters by a synapse"));
  EXPECT_THAT(refusal(lif_file(2), "nengo"),
              HasSubstr("n: has r = 2, and only 1 is known in the dialect nengo"));
}

// Two filters in a row, by Euler's rule: tau_syn I' = -I + w_in S, tau_mem v' = (v_leak - v) + R I.
TEST(NirDialects, ACubaLiIsTwoFilters) {
  const NirFile file = neuron_file(
      "CubaLI",
      {{"tau_mem", {0.25, 0.5}}, {"tau_syn", {0.5}}, {"r", {2}}, {"v_leak", {0, 0.25}}, {"w_in", {4}}});
  const std::vector<std::vector<float>> x{{1, 0}, {1, 2}, {0, 1}, {2, 1}};
  const double tau_mem[2] = {0.25, 0.5}, leak[2] = {0, 0.25};
  double current[2] = {}, v[2] = {}, sums[2] = {};
  std::vector<float> expected;
  for (const auto& now : x) {
    for (int i = 0; i < 2; ++i) {
      current[i] += 0.125 / 0.5 * (-current[i] + 4 * now[i]);
      v[i] += 0.125 / tau_mem[i] * (leak[i] - v[i] + 2 * current[i]);
      expected.push_back(static_cast<float>(sums[i] += v[i]));
    }
  }
  EXPECT_EQ(outputs(import(file, "nir", "auto", 0.125).graph, x), expected);
  EXPECT_THAT(refusal(file, "sinabs"), HasSubstr("n: is a CubaLI, which the dialect sinabs does not have"));
}

TEST(NirDialects, ADelayOfAStepHoldsTheSpikesOfANeuron) {
  NirFile file = neuron_file("IF", {{"r", {1}}, {"v_threshold", {1}}});
  file.nodes.push_back({"late", "Delay", {{"delay", reals({2}, {0.5, 0.5})}}, {}});
  file.edges = {{"input", "n"}, {"n", "late"}, {"late", "output"}};
  const std::vector<std::vector<float>> x{{2, 0}, {0, 3}, {2, 1}, {0, 1}};
  EXPECT_THAT(outputs(import(file, "nir", "auto", 0.5).graph, x), ElementsAre(0, 0, 1, 0, 1, 1, 2, 1));
  EXPECT_THAT(refusal(file),
              HasSubstr("late: delays by 0.5, and only 0 and a step, 0.0001, can be imported"));
  file.nodes.back().parameters["delay"] = reals({2}, {0, 0.5});
  EXPECT_THAT(refusal(file, "nir", "auto", 0.5), HasSubstr("late: delays some of its inputs and others not"));
  file.nodes.back().parameters["delay"] = reals({2}, {0.5, 0.5});
  file.edges = {{"input", "late"}, {"late", "n"}, {"n", "output"}};
  EXPECT_THAT(refusal(file, "nir", "auto", 0.5),
              HasSubstr("late: delays by a step what no neuron right before it"));
}

}  // namespace
}  // namespace rheobase
