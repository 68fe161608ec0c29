// The potentials themselves, over the whole range that a plan allows: spikes alone would hide a wrong low
// bit.
#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "neurons/lif.h"
#include "neurons/lif_step.h"
#include "sim/op/host/host_kernel.h"
#include "tests/support/build_graph.h"
#include "tests/support/simd_targets.h"

namespace rheobase {
namespace {

constexpr std::int64_t channels = 75;  // a word of spikes and a part of one, padded to 80
constexpr std::int64_t row = 80;

// Currents and potentials of all sizes, their sum within int32.
std::vector<std::int32_t> integers(std::mt19937& random, std::int64_t count) {
  std::vector<std::int32_t> values;
  for (std::int64_t i = 0; i < count; ++i) {
    const auto large = static_cast<std::int32_t>(random()) / 2;
    values.push_back(large >> random() % 31);
  }
  return values;
}

Node fixed_lif(std::mt19937& random, Reset reset) {
  const auto tensor = [&](std::int32_t low, std::int32_t high) {
    std::uniform_int_distribution<std::int32_t> within(low, high);
    std::vector<std::int32_t> values;
    for (std::int64_t c = 0; c < channels; ++c) values.push_back(within(random));
    return values;
  };
  const auto held = [](std::vector<std::int32_t> values) { return Tensor({channels}, std::move(values)); };
  constexpr std::int32_t one = 1 << lif_decay_bits;
  std::vector<std::int32_t> decay = tensor(0, one);
  decay[0] = 0;
  decay[1] = one;
  LifParameters p{held(decay), held(tensor(1, 5000)), held(tensor(-5000, 5000)), held(tensor(-5000, 5000))};
  p.reset = reset;
  Node node = p.node("neuron", "current");
  node.attributes["decay_shift"] = std::int64_t{lif_decay_bits};
  return node;
}

template <class Number>
SignalView view(std::vector<Number>& values) {
  return {reinterpret_cast<std::byte*>(values.data()), values.size() * sizeof(Number), 1};
}

// Steps one sample of one pixel.
void step(const HostKernel& kernel, std::vector<std::int32_t>& x, std::vector<std::int32_t>& v,
          std::vector<std::uint64_t>& spikes) {
  TaskPool pool(1);
  std::vector<std::byte> scratch(kernel.scratch_bytes() + 4096);
  const int lane = 0;
  const SlotLanes slot{0, 1};
  const SignalView input = view(x);
  kernel.step({{&lane, 1}, {&slot, 1}, {&input, 1}, view(spikes), view(v), pool, scratch});
}

void expect_the_equation(Reset reset, std::mt19937& random) {
  static const Registry registry = testing::full_registry();
  const Node node = fixed_lif(random, reset);
  const LifParameters p = LifParameters::of(node);
  const NodeContext context{node, {{SignalType::int32, {channels, 1, 1}}}, {channels}};
  const auto made =
      (*registry.find("LIF", DeviceKind::cpu, Arithmetic::fixed))(context, NodePlan{context.inputs[0]});
  std::vector<std::int32_t> x = integers(random, channels), v = integers(random, row);
  std::vector<std::int32_t> expected = v;
  std::vector<std::uint64_t> spikes(2), expected_spikes(2);
  const auto integer = [](const Tensor& t, std::int64_t c) { return t.int32s()[c]; };
  for (std::int64_t c = 0; c < channels; ++c) {
    const LifNeuron<std::int32_t> neuron{integer(p.decay, c), integer(p.v_leak, c), integer(p.v_threshold, c),
                                         p.v_reset.size() == 1 ? 0 : integer(p.v_reset, c)};
    expected_spikes[c / 64] |= std::uint64_t{lif_step(expected[c], x[c], neuron, reset)} << (c % 64);
  }
  step(dynamic_cast<const HostKernel&>(*made), x, v, spikes);
  v.resize(channels);
  expected.resize(channels);
  EXPECT_EQ(v, expected);
  EXPECT_EQ(spikes, expected_spikes);
}

TEST(LifState, IsThatOfTheEquationOnEveryTarget) {
  for (const std::int64_t target : testing::simd_targets()) {
    const testing::ForcedTarget forced(target);
    SCOPED_TRACE(hwy::TargetName(target));
    std::mt19937 random(23);
    for (int i = 0; i < 100; ++i) {
      for (const Reset reset : {Reset::subtract, Reset::zero, Reset::none})
        expect_the_equation(reset, random);
    }
  }
}

}  // namespace
}  // namespace rheobase
