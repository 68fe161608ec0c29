// Fixed arithmetic where it meets the world: pixels in, integers compared, logits out.
#include <gmock/gmock.h>

#include "sim/core/error.h"
#include "sim/engine/engine.h"
#include "tests/support/build_graph.h"
#include "tests/support/fixed_graph.h"

namespace rheobase {
namespace {

using testing::full_registry;
using testing::GraphBuilder;
using ::testing::HasSubstr;

EngineOptions alone(DeviceKind device = DeviceKind::cpu) { return {device, 1, 1, Coding::direct, 3, true}; }

TEST(Engine, FixedArithmeticRefusesPixelsBeyondTheInputsRange) {
  GraphBuilder b;
  b.output(b.linear(b.input({2}), 2, 2));
  Engine engine(testing::with_integers(b.graph), full_registry(), alone());
  engine.load(0, std::vector<float>{7.9F, -7.9F}, 0);
  try {
    engine.load(0, std::vector<float>{0.0F, 8.1F}, 17);
    FAIL() << "12 fraction bits of 16 reach to 8";
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), HasSubstr("sample: 17: the normalised value 8.1"));
  }
}

TEST(Engine, FixedArithmeticComparesIntegersThatNoFloat32Holds) {
  constexpr std::int32_t exact = 1 << 24;
  const auto integers = [](std::int32_t value) { return Tensor({1}, std::vector<std::int32_t>{value}); };
  GraphBuilder b;
  b.output(b.linear(b.if_neuron(b.linear(b.input({1}), 1, 1), 1.0F), 1, 1));
  Graph graph = testing::with_integers(b.graph);
  graph.find("Linear1")->tensors["weight"] = Tensor({1, 1}, std::vector<std::int8_t>{0});
  graph.find("Linear1")->attributes["shift"] = std::int64_t{0};
  graph.find("Linear1")->tensors["bias"] = integers(exact + 1);
  graph.find("IF2")->tensors["v_init"] = integers(0);
  graph.find("Linear3")->tensors["weight"] = Tensor({1, 1}, std::vector<std::int8_t>{1});
  graph.find("Linear3")->tensors["bias"] = integers(0);
  graph.find("output")->tensors["unit"] = scalar_tensor(1.0F);
  for (const DeviceKind device : {DeviceKind::reference, DeviceKind::cpu}) {
    for (const auto& [v_threshold, spikes] : {std::pair(exact + 1, 1.0F), std::pair(exact + 2, 0.0F)}) {
      graph.find("IF2")->tensors["v_threshold"] = integers(v_threshold);
      Engine engine(graph, full_registry(), alone(device));
      engine.load(0, std::vector<float>{0.0F}, 0);
      engine.step();
      EXPECT_EQ(engine.logits(0)[0], spikes) << v_threshold;
    }
  }
}

TEST(Engine, TheLogitsOfFixedArithmeticAreTheIntegerSumTimesTheUnit) {
  GraphBuilder b;
  b.output(b.linear(b.input({2}), 2, 1));
  Graph graph = testing::with_integers(b.graph);
  graph.find("Linear1")->tensors["weight"] = Tensor({1, 2}, std::vector<std::int8_t>{3, -2});
  graph.find("Linear1")->tensors["bias"] = Tensor({1}, std::vector<std::int32_t>{5});
  graph.find("Linear1")->attributes["shift"] = std::int64_t{2};
  graph.find("output")->tensors["unit"] = scalar_tensor(0.5F);
  Engine engine(graph, full_registry(), alone());
  engine.load(0, std::vector<float>{1.0F, 0.25F}, 0);
  for (int t = 1; t <= 3; ++t) {
    engine.step();
    // (5 + 3 * 4096 - 2 * 1024 + 2) >> 2 = 2561
    EXPECT_EQ(engine.logits(0)[0], static_cast<float>(t) * 2561.0F * 0.5F);
  }
}

}  // namespace
}  // namespace rheobase
