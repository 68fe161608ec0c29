// Each op of the device cuda, emulated, equals the reference device at odd shapes, whatever the order of
// threads and blocks.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <set>

#include "sim/engine/engine.h"
#include "tests/cuda/cuda_device.h"
#include "tests/support/fixed_graph.h"
#include "tests/support/fixed_ops.h"

namespace rheobase {
namespace {

using testing::graph_of;
using testing::GraphBuilder;
using testing::random_conv2d;
using testing::Source;

EngineOptions options(DeviceKind device, bool fuse = true) {
  EngineOptions options;
  options.device = device;
  options.slots = 3;
  options.threads = 1;
  options.hash = true;
  options.fuse = fuse;
  return options;
}

// Logits, hashes and counts of three samples over four steps, in slots that are at different times.
std::vector<std::uint64_t> outcomes(const Graph& graph, const EngineOptions& options) {
  constexpr int steps = 4;
  Engine engine(graph, testing::registry_with_cuda(), options);
  GraphBuilder random(11);
  std::vector<std::uint64_t> all;
  for (int t = 0; t < steps + options.slots - 1; ++t) {
    if (t < options.slots)
      engine.load(t, random.pixels(element_count(engine.input_shape())), static_cast<std::uint64_t>(t),
                  steps);
    engine.step();
    for (int slot = 0; slot < options.slots; ++slot) {
      if (!engine.occupied(slot)) continue;
      for (const float value : engine.logits(slot)) all.push_back(std::bit_cast<std::uint32_t>(value));
      for (const std::uint64_t count : engine.spike_counts(slot)) all.push_back(count);
      all.push_back(engine.spike_hash(slot));
      if (engine.time(slot) == steps) engine.release(slot);
    }
  }
  return all;
}

void expect_parity(const Graph& graph, const std::vector<testing::DeviceOrder>& orders) {
  const std::vector<std::uint64_t> expected = outcomes(graph, options(DeviceKind::reference));
  for (const testing::DeviceOrder& order : orders) {
    const testing::SetOrder set(order);
    for (const bool fuse : {true, false}) {
      EXPECT_EQ(outcomes(graph, options(DeviceKind::cuda, fuse)), expected)
          << testing::describe(order) << ", fused " << fuse << "\n"
          << dump(graph);
    }
  }
}

TEST(CudaParity, Conv2dAtOddSizesStridesPaddingsDilationsAndGroups) {
  std::mt19937 random(42);
  const std::vector<testing::DeviceOrder> orders = testing::orders();
  for (std::uint32_t i = 0; i < 40; ++i) {
    const GraphBuilder::Conv conv = random_conv2d(random);
    const auto source = static_cast<Source>(random() % 3);
    const bool neuron = random() % 3 != 0;
    const Graph graph =
        graph_of({conv.inputs, 7, 9}, source, i, [&](GraphBuilder& b, const std::string& from) {
          const std::string out = b.conv2d(from, conv);
          return neuron ? b.if_neuron(out, 1.0F) : out;
        });
    expect_parity(graph, {orders[i % orders.size()]});
  }
}

// More rows of weights than the tile holds at a time, with a rest; more output pixels than a grid has room
// for.
TEST(CudaParity, ProductsOfManyRowsAndManyPixels) {
  for (const Source source : {Source::spikes, Source::counts}) {
    const Graph rows = graph_of({90, 3, 4}, source, 1, [](GraphBuilder& b, const std::string& from) {
      return b.if_neuron(b.conv2d(from, {.outputs = 70, .inputs = 90}), 1.0F);
    });
    expect_parity(rows, testing::orders());
    const Graph pixels = graph_of({5, 40, 41}, source, 2, [](GraphBuilder& b, const std::string& from) {
      return b.if_neuron(b.conv2d(from, {.outputs = 9, .inputs = 5}), 1.0F);
    });
    expect_parity(pixels, {testing::few_blocks()});
  }
}

TEST(CudaParity, LinearFromSpikesAndCounts) {
  for (const Source source : {Source::spikes, Source::counts}) {
    expect_parity(graph_of({3, 5, 7}, source, 4,
                           [](GraphBuilder& b, const std::string& from) {
                             return b.if_neuron(b.linear(b.op("Flatten", {from}), 3 * 5 * 7, 37), 1.0F);
                           }),
                  testing::orders());
  }
}

TEST(CudaParity, JoinsAddTheirBranches) {
  for (const Source source : {Source::image, Source::spikes, Source::counts})
    expect_parity(graph_of({70, 5, 6}, source, 7, testing::residual_join), testing::orders());
}

TEST(CudaParity, AWholeNetworkInEveryReset) {
  for (const Reset reset : {Reset::subtract, Reset::zero, Reset::none}) {
    Graph graph = testing::small_residual_snn();
    for (Node& node : graph.nodes) {
      if (node.op != "IF") continue;
      node.attributes["reset"] = std::string(to_string(reset));
      if (reset == Reset::zero) node.attributes["v_reset"] = 0.1;
    }
    expect_parity(testing::with_integers(std::move(graph)), testing::orders());
  }
}

std::map<std::string, testing::Build> other_ops() {
  std::map<std::string, testing::Build> ops = testing::structural_ops();
  ops["MaxPool2d of currents"] = [](GraphBuilder& b, const std::string& f) {
    using testing::Ints;
    const std::string currents = b.conv2d(f, {.outputs = 70, .inputs = 70, .kernel_h = 1, .kernel_w = 1});
    return b.add({"", "MaxPool2d", {currents}, {{"kernel", Ints{2, 2}}, {"padding", Ints{1, 1, 0, 0}}}, {}});
  };
  return ops;
}

TEST(CudaParity, EveryOpForTheImageSpikesAndCounts) {
  const std::vector<testing::DeviceOrder> orders = testing::orders();
  std::size_t next = 0;
  for (const auto& [name, build] : other_ops()) {
    for (const Source source : {Source::image, Source::spikes, Source::counts})
      expect_parity(graph_of({70, 7, 6}, source, 3, build), {orders[next++ % orders.size()]});
  }
}

TEST(CudaParity, CoversEveryOpOfTheDevice) {
  std::set<std::string> covered{"Conv2d", "Linear"};
  for (const auto& [name, build] : other_ops()) covered.insert(name);
  for (const std::string& op : testing::registry_with_cuda().supported(DeviceKind::cuda, Arithmetic::fixed))
    EXPECT_TRUE(covered.contains(op)) << op;
}

}  // namespace
}  // namespace rheobase
