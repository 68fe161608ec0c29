// How long a leaky neuron of fixed arithmetic may run: a proof in neurons/lif_fixed.cpp, here against the
// equation in 64 bits, which does not overflow.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "neurons/lif.h"
#include "neurons/lif_step.h"
#include "tests/support/build_graph.h"

namespace rheobase {
namespace {

constexpr std::int64_t int32_max = 2147483647;
constexpr std::int64_t one = std::int64_t{1} << lif_decay_bits;

struct Neuron {
  std::int64_t decay, v_leak, v_threshold, v_reset, v_init;
  Reset reset;
};

Tensor tensor(std::int64_t value) {
  return {{1}, std::vector<std::int32_t>{static_cast<std::int32_t>(value)}};
}

Node node_of(const Neuron& n) {
  LifParameters p{tensor(n.decay),  tensor(n.v_threshold),
                  tensor(n.v_leak), tensor(n.v_reset),
                  tensor(n.v_init), tensor(1),
                  n.reset};
  Node node = p.node("neuron", "current");
  node.tensors["v_reset"] = tensor(n.v_reset);
  node.attributes["decay_shift"] = std::int64_t{lif_decay_bits};
  return node;
}

// For a current within +-`current`.
std::int64_t max_steps(const Node& node, std::int64_t current) {
  SignalSpec spec{SignalType::int32, {1, 1, 1}, {1.0F}, false};
  spec.low = -current;
  spec.high = current;
  static const Registry registry = testing::full_registry();
  return (*registry.plan(node.op, Arithmetic::fixed))({node, {spec}, {1}}).max_steps;
}

std::int64_t max_steps(const Neuron& n, std::int64_t current) { return max_steps(node_of(n), current); }

// The same step in 64 bits, by its definition; `largest` takes up every intermediate result.
std::int64_t wide_step(const Neuron& n, std::int64_t v, std::int64_t x, std::int64_t& largest) {
  const auto see = [&](std::int64_t value) {
    largest = std::max(largest, std::abs(value));
    return value;
  };
  const std::int64_t u = see(v - n.v_leak);
  const auto left = static_cast<std::int64_t>(
      std::floor((static_cast<long double>(u) * n.decay) / one + 0.5L));  // exact: below 2^57
  v = see(see(n.v_leak + see(left)) + x);
  if (v < n.v_threshold || n.reset == Reset::none) return v;
  return see(n.reset == Reset::subtract ? v - n.v_threshold : n.v_reset);
}

TEST(LifBounds, AreThoseOfIfAtDecayOne) {
  for (const std::int64_t current : {0, 1, 1000, 32767, 1 << 30}) {
    for (const std::int64_t start : {0, 7, -5000}) {
      IfParameters plain{tensor(10), tensor(start), Reset::zero, -3.0};
      EXPECT_EQ(max_steps(Neuron{one, 0, 10, -3, start, Reset::zero}, current),
                max_steps(plain.node("neuron", "current"), current));
    }
  }
}

// (X + 1/2) / (1 - d) at d = 1 - 2^-10: 2097151.5 * 1024 = 2147483136 is below 2^31, 2097152.5 * 1024 is not.
TEST(LifBounds, EndWhereTheGeometricSeriesDoes) {
  const Neuron neuron{one - one / 1024, 0, 1 << 24, 0, 0, Reset::none};
  EXPECT_EQ(max_steps(neuron, 2097151), unlimited_steps);
  EXPECT_EQ(max_steps(neuron, 2097152), int32_max / 2097152);
  Neuron leaky = neuron;
  leaky.v_leak = -512;  // 2147483136 + 512 = 2^31
  EXPECT_EQ(max_steps(leaky, 2097151), (int32_max - 1024) / 2097151);
  leaky.v_leak = -511;
  EXPECT_EQ(max_steps(leaky, 2097151), unlimited_steps);
}

// A current that always pushes one way, to where the series ends.
TEST(LifBounds, HoldInTheWorstCase) {
  for (const std::int64_t sign : {1, -1}) {
    const Neuron neuron{one - one / 1024, sign * 511, 1 << 24, 0, sign * 511, Reset::none};
    ASSERT_EQ(max_steps(neuron, 2097151), unlimited_steps);
    const LifNeuron<std::int32_t> narrow{static_cast<std::int32_t>(neuron.decay),
                                         static_cast<std::int32_t>(neuron.v_leak), 1 << 24, 0};
    std::int64_t v = neuron.v_init, largest = 0;
    auto w = static_cast<std::int32_t>(v);
    for (int t = 0; t < 40000; ++t) {
      v = wide_step(neuron, v, sign * 2097151, largest);
      lif_step(w, static_cast<std::int32_t>(sign * 2097151), narrow, neuron.reset);
      ASSERT_EQ(w, v) << t;
    }
    EXPECT_LE(largest, int32_max);
    EXPECT_GT(largest, int32_max - 2000);  // the bound is met, not only kept
  }
}

// A shift of fewer bits is the same decay.
TEST(LifBounds, DoNotDependOnTheShift) {
  Node coarse = node_of({3, 100, 10, 0, 0, Reset::subtract});
  coarse.attributes["decay_shift"] = std::int64_t{2};
  const Neuron fine{one / 4 * 3, 100, 10, 0, 0, Reset::subtract};
  for (const std::int64_t current : {1000, 536870000, 536870911, 1 << 30})
    EXPECT_EQ(max_steps(coarse, current), max_steps(fine, current)) << current;
}

Neuron random_neuron(std::mt19937& random) {
  const auto within = [&](std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution<std::int64_t>(low, high)(random);
  };
  Neuron n{};
  n.decay = one - (one >> within(0, 24)) * within(0, 1);
  if (within(0, 1) == 1) n.decay = within(0, one);
  const std::int64_t size = std::int64_t{1} << within(1, 24);
  n.v_leak = within(-size, size);
  n.v_threshold = within(1, size);
  n.v_reset = within(-size, size);
  n.v_init = within(-size, size);
  n.reset = static_cast<Reset>(within(0, 2));
  return n;
}

TEST(LifBounds, HoldForAnyNeuronAndAnyCurrent) {
  std::mt19937 random(17);
  int unlimited = 0, limited = 0;
  for (int i = 0; i < 3000; ++i) {
    const Neuron neuron = random_neuron(random);
    const std::int64_t current = (std::int64_t{1} << (1 + random() % 29)) + random() % 100;
    const std::int64_t most = max_steps(neuron, current);
    (most == unlimited_steps ? unlimited : limited) += 1;
    std::int64_t v = neuron.v_init, largest = 0;
    const bool one_way = random() % 2 == 0;
    std::int64_t x = random() % 2 == 0 ? current : -current;
    for (std::int64_t t = 0; t < std::min<std::int64_t>(most, 2000); ++t) {
      if (!one_way && random() % 8 == 0) x = -x;
      v = wide_step(neuron, v, x, largest);
    }
    ASSERT_LE(largest, int32_max) << "decay " << neuron.decay << ", current " << current;
  }
  EXPECT_GT(unlimited, 500);
  EXPECT_GT(limited, 500);
}

}  // namespace
}  // namespace rheobase
