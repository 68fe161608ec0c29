// Convolutions of small groups, depthwise ones first of all: the cpu device equals the reference device bit
// for bit in both arithmetics, on every SIMD target, whatever the threads and the steps computed at once.
#include <gtest/gtest.h>

#include <bit>

#include "neurons/sign.h"
#include "sim/engine/engine.h"
#include "tests/support/build_graph.h"
#include "tests/support/fixed_graph.h"
#include "tests/support/simd_targets.h"

namespace rheobase {
namespace {

using testing::full_registry;
using testing::GraphBuilder;

using Ints = std::vector<std::int64_t>;

constexpr std::int64_t height = 9, width = 7;

struct Groups {
  std::int64_t groups, inputs, outputs;  // inputs and outputs of one group
};
const std::vector<Groups> all_groups = {{2, 1, 1},   {3, 1, 1},  {17, 1, 1}, {64, 1, 1}, {96, 1, 1},
                                        {176, 1, 1}, {5, 1, 2},  {33, 1, 3}, {16, 2, 2}, {9, 4, 4},
                                        {7, 3, 5},   {10, 8, 8}, {40, 2, 1}, {6, 1, 12}, {3, 16, 4}};

struct Kernel {
  std::int64_t height, width;
  Ints stride, padding, dilation;
};
const std::vector<Kernel> kernels = {
    {3, 3, {1, 1}, {1, 1, 1, 1}, {1, 1}}, {3, 3, {2, 2}, {0, 0, 1, 1}, {1, 1}},
    {3, 3, {2, 1}, {0, 0, 0, 0}, {1, 1}}, {3, 3, {1, 1}, {2, 2, 2, 2}, {2, 2}},
    {5, 5, {1, 2}, {2, 2, 2, 2}, {1, 1}}, {1, 7, {1, 1}, {0, 3, 0, 3}, {1, 1}},
    {7, 1, {3, 1}, {2, 0, 5, 0}, {1, 1}}, {1, 1, {2, 3}, {0, 0, 0, 0}, {1, 1}},
    {2, 5, {1, 1}, {0, 6, 1, 1}, {1, 2}}};

enum class Source { image, spikes, signs, counts };

Graph graph_of(const Groups& groups, const Kernel& kernel, Source source, std::uint32_t seed) {
  GraphBuilder b(seed);
  GraphBuilder::Conv conv;
  conv.groups = groups.groups;
  conv.inputs = groups.groups * groups.inputs;
  conv.outputs = groups.groups * groups.outputs;
  conv.kernel_h = kernel.height;
  conv.kernel_w = kernel.width;
  conv.stride = kernel.stride;
  conv.padding = kernel.padding;
  conv.dilation = kernel.dilation;
  conv.bias = seed % 4 != 0;
  std::string from = b.input({conv.inputs, height, width});
  if (source == Source::spikes || source == Source::counts) from = b.if_neuron(from, 0.8F);
  if (source == Source::signs) from = b.add(sign_node("", from));
  if (source == Source::counts) {
    from = b.add({"", "AvgPool2d", {from}, {{"kernel", Ints{2, 2}}, {"padding", Ints{1, 0, 0, 1}}}, {}});
  }
  std::string out = b.conv2d(from, conv);
  if (seed % 3 != 0) out = b.if_neuron(out, 1.0F);
  b.output(b.op("Flatten", {out}));
  return std::move(b.graph);
}

EngineOptions options(DeviceKind device, int threads, int lookahead) {
  EngineOptions options;
  options.device = device;
  options.slots = 3;
  options.threads = threads;
  options.lookahead = lookahead;
  options.hash = true;
  return options;
}

// Logits and spike hashes of three samples over three steps.
std::vector<std::uint64_t> outcomes(const Graph& graph, const EngineOptions& options) {
  constexpr int steps = 3;
  Engine engine(graph, full_registry(), options);
  GraphBuilder random(11);
  for (int slot = 0; slot < options.slots; ++slot) {
    const std::vector<float> pixels = random.pixels(element_count(engine.input_shape()));
    engine.load(slot, pixels, static_cast<std::uint64_t>(slot), steps);
  }
  std::vector<std::uint64_t> all;
  for (int t = 0; t < steps; ++t) {
    engine.step();
    for (int slot = 0; slot < options.slots; ++slot) {
      for (const float value : engine.logits(slot)) all.push_back(std::bit_cast<std::uint32_t>(value));
      all.push_back(engine.spike_hash(slot));
    }
  }
  return all;
}

void expect_parity(const Graph& graph) {
  const std::vector<std::uint64_t> expected = outcomes(graph, options(DeviceKind::reference, 1, 1));
  for (const std::int64_t target : testing::simd_targets()) {
    const testing::ForcedTarget forced(target);
    for (const auto& [threads, lookahead] : {std::pair{1, 1}, std::pair{2, 3}}) {
      ASSERT_EQ(outcomes(graph, options(DeviceKind::cpu, threads, lookahead)), expected)
          << hwy::TargetName(target) << ", " << threads << " threads, lookahead " << lookahead << "\n"
          << dump(graph);
    }
  }
}

TEST(SmallGroups, Float32EqualsTheReferenceForRealsSpikesAndSigns) {
  std::uint32_t seed = 0;
  for (const Groups& groups : all_groups) {
    for (const Kernel& kernel : kernels) {
      for (const Source source : {Source::image, Source::spikes, Source::signs})
        expect_parity(graph_of(groups, kernel, source, seed++));
    }
  }
}

TEST(SmallGroups, FixedEqualsTheReferenceForTheImageSpikesAndCounts) {
  std::uint32_t seed = 0;
  for (const Groups& groups : all_groups) {
    for (const Kernel& kernel : kernels) {
      for (const Source source : {Source::image, Source::spikes, Source::counts})
        expect_parity(testing::with_integers(graph_of(groups, kernel, source, seed++)));
    }
  }
}

// The largest weights, and inputs up to 2^14, of either sign.
TEST(SmallGroups, FixedSumsTheLargestWeightsAndInputsExactly) {
  for (const float sign : {-1.0F, 1.0F}) {
    Graph graph = testing::with_integers(graph_of({96, 1, 1}, kernels[0], Source::image, 0));
    for (Node& node : graph.nodes) {
      if (node.op == "Input") node.attributes["fraction_bits"] = std::int64_t{14};
      if (node.op != "Conv2d") continue;
      Tensor& weight = node.tensors.at("weight");
      weight =
          Tensor(weight.shape, std::vector<std::int8_t>(weight.size(), static_cast<std::int8_t>(sign * 127)));
      node.attributes["shift"] = std::int64_t{3};
    }
    expect_parity(graph);
  }
}

}  // namespace
}  // namespace rheobase
