// Each op of the device cuda, emulated, equals the reference device at odd shapes, whatever the order of
// threads and blocks.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <set>

#include "sim/engine/engine.h"
#include "sim/graph/validate.h"
#include "tests/cuda/cuda_device.h"
#include "tests/support/fixed_graph.h"

namespace rheobase {
namespace {

using testing::GraphBuilder;

using Ints = std::vector<std::int64_t>;
using Build = std::function<std::string(GraphBuilder&, const std::string& from)>;

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

enum class Source { image, spikes, counts };

Graph graph_of(const Shape& input, Source source, std::uint32_t seed, const Build& build) {
  GraphBuilder b(seed);
  std::string from = b.input(input);
  if (source != Source::image) from = b.if_neuron(from, 4.0F);
  if (source == Source::counts)
    from = b.add({"", "AvgPool2d", {from}, {{"kernel", Ints{2, 2}}, {"padding", Ints{1, 0, 0, 1}}}, {}});
  const std::string op = build(b, from);
  const Validation result = validate(b.graph, testing::full_registry().schemas());
  const bool flat = result.shapes.at(op).size() == 1;
  b.output(flat ? op : b.op("Flatten", {op}));
  return testing::with_integers(std::move(b.graph));
}

std::int64_t pick(std::mt19937& random, Ints choices) { return choices[random() % choices.size()]; }

// Channels beside borders of words and blocks, windows that do not fit evenly.
GraphBuilder::Conv random_conv2d(std::mt19937& random) {
  GraphBuilder::Conv conv;
  conv.groups = pick(random, {1, 1, 1, 1, 3});
  conv.inputs = conv.groups * pick(random, {1, 3, 16, 17, 32, 65});
  conv.outputs = conv.groups * pick(random, {1, 5, 16, 32, 33, 64, 70});
  conv.kernel_h = pick(random, {1, 2, 3});
  conv.kernel_w = pick(random, {1, 3, 5});
  conv.stride = {pick(random, {1, 2, 3}), pick(random, {1, 2})};
  conv.dilation = {pick(random, {1, 1, 2}), pick(random, {1, 1, 2})};
  conv.padding = {pick(random, {0, 1, 2}), pick(random, {0, 1, 2}), pick(random, {0, 1}),
                  pick(random, {0, 2})};
  conv.bias = random() % 4 != 0;
  return conv;
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
  const auto residual = [](GraphBuilder& b, const std::string& from) {
    const std::string conv = b.conv2d(from, {.outputs = 70, .inputs = 70});
    const std::string identity =
        b.add({"", "Affine", {from}, {}, {{"scale", b.tensor({70})}, {"shift", b.tensor({1})}}});
    const std::string other =
        b.conv2d(from, {.outputs = 70, .inputs = 70, .kernel_h = 1, .kernel_w = 1, .padding = {0, 0, 0, 0}});
    return b.if_neuron(b.op("Add", {identity, conv, other}), 1.5F);
  };
  for (const Source source : {Source::image, Source::spikes, Source::counts})
    expect_parity(graph_of({70, 5, 6}, source, 7, residual), testing::orders());
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

std::map<std::string, Build> other_ops() {
  const auto op = [](const char* name, std::map<std::string, Attribute> attributes) {
    return [=](GraphBuilder& b, const std::string& from) {
      return b.add({"", name, {from}, attributes, {}});
    };
  };
  return {
      {"Affine",
       [](GraphBuilder& b, const std::string& f) {
         return b.add({"", "Affine", {f}, {}, {{"scale", b.tensor({70})}, {"shift", b.tensor({70})}}});
       }},
      {"AvgPool2d", op("AvgPool2d", {{"kernel", Ints{3, 2}},
                                     {"stride", Ints{2, 2}},
                                     {"padding", Ints{1, 0, 1, 1}},
                                     {"ceil_mode", std::int64_t{1}}})},
      {"MaxPool2d",
       op("MaxPool2d", {{"kernel", Ints{3, 3}}, {"stride", Ints{2, 1}}, {"dilation", Ints{1, 2}}})},
      {"MaxPool2d of currents",
       [](GraphBuilder& b, const std::string& f) {
         const std::string currents =
             b.conv2d(f, {.outputs = 70, .inputs = 70, .kernel_h = 1, .kernel_w = 1});
         return b.add(
             {"", "MaxPool2d", {currents}, {{"kernel", Ints{2, 2}}, {"padding", Ints{1, 1, 0, 0}}}, {}});
       }},
      {"Slice", op("Slice", {{"start", Ints{3, 1, 0}}, {"stop", Ints{69, 7, 6}}, {"step", Ints{1, 2, 3}}})},
      {"Pad", op("Pad", {{"before", Ints{5, 0, 1}}, {"after", Ints{60, 2, 0}}})},
      {"Flatten", op("Flatten", {})},
      {"Add",
       [](GraphBuilder& b, const std::string& f) {
         return b.op("Add", {f, f, b.if_neuron(f, 3.0F)});
       }},
      {"Concat",
       [](GraphBuilder& b, const std::string& f) {
         return b.op("Concat", {f, b.if_neuron(f, 3.0F), f});
       }},
      {"IF", [](GraphBuilder& b, const std::string& f) { return b.if_neuron(f, 2.0F); }},
      {"Output", [](GraphBuilder&, const std::string& f) { return f; }},
  };
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
