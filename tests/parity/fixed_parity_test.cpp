// Fixed arithmetic: the cpu device equals the reference device on every SIMD target, whatever path the
// synapses take, however many steps are computed at once, fused or not.
#include <gtest/gtest.h>

#include <set>

#include "neurons/burst_lif.h"
#include "neurons/li.h"
#include "sim/engine/engine.h"
#include "tests/support/build_graph.h"
#include "tests/support/fixed_graph.h"
#include "tests/support/fixed_ops.h"
#include "tests/support/leaky_snn.h"
#include "tests/support/simd_targets.h"

namespace rheobase {
namespace {

using testing::full_registry;
using testing::graph_of;
using testing::GraphBuilder;
using testing::random_conv2d;
using testing::Source;

EngineOptions options(DeviceKind device, KernelChoice kernels = KernelChoice::automatic, int lookahead = 1) {
  EngineOptions options;
  options.device = device;
  options.slots = 3;
  options.threads = 2;
  options.hash = true;
  options.kernels = kernels;
  options.lookahead = lookahead;
  return options;
}

// Logits and spike hashes of three samples over five steps; the slots are loaded one step after the other, so
// that they are at different times.
std::vector<std::uint64_t> outcomes(const Graph& graph, const EngineOptions& options) {
  constexpr int steps = 5;
  Engine engine(graph, full_registry(), options);
  GraphBuilder random(11);
  std::vector<std::uint64_t> all;
  for (int t = 0; t < steps + options.slots - 1; ++t) {
    if (t < options.slots) {
      const std::vector<float> pixels = random.pixels(element_count(engine.input_shape()));
      engine.load(t, pixels, static_cast<std::uint64_t>(t), steps);
    }
    engine.step();
    for (int slot = 0; slot < options.slots; ++slot) {
      if (!engine.occupied(slot)) continue;
      for (const float value : engine.logits(slot)) all.push_back(std::bit_cast<std::uint32_t>(value));
      all.push_back(engine.spike_hash(slot));
      if (engine.time(slot) == steps) engine.release(slot);
    }
  }
  return all;
}

void expect_parity(const Graph& graph) {
  const std::vector<std::uint64_t> expected = outcomes(graph, options(DeviceKind::reference));
  for (const std::int64_t target : testing::simd_targets()) {
    const testing::ForcedTarget forced(target);
    for (const KernelChoice kernels : {KernelChoice::event, KernelChoice::dense}) {
      for (const int lookahead : {1, 3}) {
        EXPECT_EQ(outcomes(graph, options(DeviceKind::cpu, kernels, lookahead)), expected)
            << hwy::TargetName(target) << ", dense " << (kernels == KernelChoice::dense) << ", lookahead "
            << lookahead << "\n"
            << dump(graph);
      }
    }
  }
}

TEST(FixedParity, Conv2dAtOddSizesStridesPaddingsDilationsAndGroups) {
  std::mt19937 random(42);
  for (std::uint32_t i = 0; i < 60; ++i) {
    const GraphBuilder::Conv conv = random_conv2d(random);
    const auto source = static_cast<Source>(random() % 3);
    const bool neuron = random() % 2 == 0;
    expect_parity(graph_of({conv.inputs, 7, 9}, source, i, [&](GraphBuilder& b, const std::string& from) {
      const std::string out = b.conv2d(from, conv);
      return neuron ? b.if_neuron(out, 1.0F) : out;
    }));
  }
}

TEST(FixedParity, WeightsOfManyRowsAreCutIntoBlocks) {
  const auto conv = [](std::int64_t outputs, std::int64_t inputs, std::int64_t kernel) {
    return [=](GraphBuilder& b, const std::string& from) {
      return b.if_neuron(
          b.conv2d(from, {.outputs = outputs, .inputs = inputs, .kernel_h = kernel, .kernel_w = kernel}),
          1.0F);
    };
  };
  expect_parity(graph_of({700, 3, 4}, Source::spikes, 1, conv(100, 700, 3)));
  expect_parity(graph_of({2700, 2, 2}, Source::spikes, 2, conv(80, 2700, 1)));
  expect_parity(graph_of({6000}, Source::spikes, 3,
                         [](GraphBuilder& b, const std::string& from) { return b.linear(from, 6000, 70); }));
}

TEST(FixedParity, JoinsAddTheirBranchesToTheTile) {
  for (const Source source : {Source::image, Source::spikes, Source::counts})
    expect_parity(graph_of({70, 5, 6}, source, 7, testing::residual_join));
}

TEST(FixedParity, AWholeNetworkInEveryReset) {
  for (const Reset reset : {Reset::subtract, Reset::zero, Reset::none}) {
    Graph graph = testing::small_residual_snn();
    for (Node& node : graph.nodes) {
      if (node.op != "IF") continue;
      node.attributes["reset"] = std::string(to_string(reset));
      if (reset == Reset::zero) node.attributes["v_reset"] = 0.1;
    }
    expect_parity(testing::with_integers(std::move(graph)));
  }
}

TEST(FixedParity, AWholeLeakyNetworkInEveryReset) {
  for (const Reset reset : {Reset::subtract, Reset::zero, Reset::none}) {
    GraphBuilder random(5);
    expect_parity(testing::with_integers(
        testing::with_leaks(testing::small_residual_snn(), [&](LifParameters& p, std::int64_t channels) {
          testing::leak_by_channel(random, p, channels);
          p.reset = reset;
        })));
  }
}

std::map<std::string, testing::Build> other_ops() {
  std::map<std::string, testing::Build> ops = testing::structural_ops();
  ops.insert({
      {"CumulativeMaxPool2d",
       [](GraphBuilder& b, const std::string& f) {
         using testing::Ints;
         return b.add({"",
                       "CumulativeMaxPool2d",
                       {f},
                       {{"kernel", Ints{3, 3}}, {"stride", Ints{2, 1}}, {"dilation", Ints{1, 2}}},
                       {}});
       }},
      {"LIF",
       [](GraphBuilder& b, const std::string& f) {
         LifParameters p;
         testing::leak_by_channel(b, p, 70);
         p.reset = Reset::zero;
         return b.add(p.node("", f));
       }},
      {"GeneralLIF",
       [](GraphBuilder& b, const std::string& f) {
         return b.add(testing::general_lif(b, 70, Reset::subtract, true, true).node("", f));
       }},
      {"BurstLIF",
       [](GraphBuilder& b, const std::string& f) {
         BurstLifParameters p;
         p.decay = b.tensor({70});
         for (float& decay : p.decay.reals()) decay = std::min(std::abs(decay) + 0.5F, 1.0F);
         p.v_threshold = scalar_tensor(0.75F);
         p.v_min = scalar_tensor(-0.5F);
         return b.add(p.node("", b.conv2d(f, {.outputs = 70, .inputs = 70})));
       }},
      {"LI",
       [](GraphBuilder& b, const std::string& f) {
         LiParameters p{b.tensor({70}), b.tensor({70}), b.tensor({70})};
         for (float& decay : p.decay.reals()) decay = std::min(std::abs(decay) + 0.3F, 0.9F);
         return b.add(p.node("", b.conv2d(f, {.outputs = 70, .inputs = 70})));
       }},
  });
  return ops;
}

TEST(FixedParity, GeneralLeakyNeuronsInEveryReset) {
  for (const Reset reset : {Reset::subtract, Reset::zero, Reset::none}) {
    for (const bool bounded : {false, true}) {
      expect_parity(graph_of({70, 5, 4}, Source::image, 9, [&](GraphBuilder& b, const std::string& f) {
        return b.add(testing::general_lif(b, 70, reset, false, bounded)
                         .node("", b.conv2d(f, {.outputs = 70, .inputs = 70})));
      }));
    }
  }
}

TEST(FixedParity, EveryOpForTheImageSpikesAndCounts) {
  for (const auto& [name, build] : other_ops()) {
    for (const Source source : {Source::image, Source::spikes, Source::counts})
      expect_parity(graph_of({70, 7, 6}, source, 3, build));
  }
}

TEST(FixedParity, CoversEveryOpOfTheCpuDevice) {
  std::set<std::string> covered{"Conv2d", "Linear",   "BinaryConv2d", "BinaryLinear",
                                "Onset",  "SignedIF", "MTIF",         "SigmaDelta"};  // graded_test.cpp
  for (const auto& [name, build] : other_ops()) covered.insert(name);
  for (const std::string& op : full_registry().supported(DeviceKind::cpu, Arithmetic::fixed))
    EXPECT_TRUE(covered.contains(op)) << op;
}

}  // namespace
}  // namespace rheobase
