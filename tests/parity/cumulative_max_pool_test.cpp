// What a CumulativeMaxPool2d has emitted by a step is the maximum of what its window has received by then.
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "sim/engine/engine.h"
#include "sim/graph/structural_ops.h"
#include "tests/support/build_graph.h"
#include "tests/support/fixed_graph.h"

namespace rheobase {
namespace {

using testing::full_registry;
using testing::GraphBuilder;

using Ints = std::vector<std::int64_t>;

constexpr std::int64_t channels = 37, height = 7, width = 6;
constexpr int steps = 12;

// What the pool reads: changing currents, or an image, or spikes.
enum class Source { currents, image, spikes };

struct Window {
  Ints kernel, stride, padding, dilation;
};
const std::vector<Window> windows = {{{2, 2}, {2, 2}, {0, 0, 0, 0}, {1, 1}},
                                     {{3, 3}, {2, 2}, {1, 1, 1, 1}, {1, 1}},
                                     {{3, 2}, {1, 2}, {0, 1, 2, 0}, {2, 1}}};

Node pool_of(const std::string& from, const Window& w) {
  return {"pool",
          "CumulativeMaxPool2d",
          {from},
          {{"kernel", w.kernel}, {"stride", w.stride}, {"padding", w.padding}, {"dilation", w.dilation}},
          {}};
}

Graph network(Source source, const Window* window) {
  GraphBuilder b(3);
  std::string last = b.input({channels, height, width});
  if (source != Source::image) last = b.if_neuron(last, 0.9F);
  if (source == Source::currents) last = b.conv2d(last, {.outputs = channels, .inputs = channels});
  if (window != nullptr) last = b.add(pool_of(last, *window));
  b.output(b.op("Flatten", {last}));
  return std::move(b.graph);
}

// The sums of the outputs by step, by slot.
std::vector<std::vector<float>> sums(const Graph& graph, DeviceKind device, int lookahead) {
  EngineOptions options{device, 3, 2, Coding::direct, 0, false};
  options.lookahead = lookahead;
  Engine engine(graph, full_registry(), options);
  GraphBuilder random(11);
  for (int slot = 0; slot < 3; ++slot)
    engine.load(slot, random.pixels(channels * height * width), static_cast<std::uint64_t>(slot), steps);
  std::vector<std::vector<float>> result;
  for (int t = 0; t < steps; ++t) {
    engine.step();
    for (int slot = 0; slot < 3; ++slot)
      result.emplace_back(engine.logits(slot).begin(), engine.logits(slot).end());
  }
  return result;
}

// The maxima of the windows of one image, in C, H, W order; the definition, on its own.
std::vector<float> maxima(const std::vector<float>& image, const Window& w) {
  std::vector<float> result;
  const auto extent = [&](int axis, std::int64_t size) {
    return (size + w.padding[axis] + w.padding[axis + 2] - w.dilation[axis] * (w.kernel[axis] - 1) - 1) /
               w.stride[axis] +
           1;
  };
  for (std::int64_t c = 0; c < channels; ++c) {
    for (std::int64_t y = 0; y < extent(0, height); ++y) {
      for (std::int64_t x = 0; x < extent(1, width); ++x) {
        float most = -std::numeric_limits<float>::infinity();
        for (std::int64_t ky = 0; ky < w.kernel[0]; ++ky) {
          for (std::int64_t kx = 0; kx < w.kernel[1]; ++kx) {
            const std::int64_t iy = y * w.stride[0] - w.padding[0] + ky * w.dilation[0];
            const std::int64_t ix = x * w.stride[1] - w.padding[1] + kx * w.dilation[1];
            if (iy < 0 || iy >= height || ix < 0 || ix >= width) continue;
            most = std::max(most, image[(c * height + iy) * width + ix]);
          }
        }
        result.push_back(most);
      }
    }
  }
  return result;
}

void expect_maxima_of_sums(bool fixed, Source source, const Window& w) {
  const auto made = [&](const Window* window) {
    Graph graph = network(source, window);
    return fixed ? testing::with_integers(std::move(graph)) : graph;
  };
  const auto received = sums(made(nullptr), DeviceKind::reference, 1);
  for (const DeviceKind device : {DeviceKind::reference, DeviceKind::cpu}) {
    for (const int lookahead : {1, 5}) {
      const auto emitted = sums(made(&w), device, lookahead);
      ASSERT_EQ(emitted.size(), received.size());
      for (std::size_t i = 0; i < emitted.size(); ++i) {
        const std::vector<float> expected = maxima(received[i], w);
        ASSERT_EQ(emitted[i].size(), expected.size());
        for (std::size_t j = 0; j < expected.size(); ++j) {
          // Integers are exact; reals are rounded at every step.
          ASSERT_NEAR(emitted[i][j], expected[j], fixed ? 0.0 : 1e-4) << "step " << i / 3 + 1;
        }
      }
    }
  }
}

TEST(CumulativeMaxPool, EmitsTheMaximumOfTheSumsSoFar) {
  for (const bool fixed : {false, true}) {
    for (const Source source : {Source::currents, Source::image, Source::spikes}) {
      for (const Window& w : windows) {
        SCOPED_TRACE(::testing::Message() << (fixed ? "fixed, source " : "float32, source ")
                                          << static_cast<int>(source) << ", kernel " << w.kernel[0]);
        expect_maxima_of_sums(fixed, source, w);
      }
    }
  }
}

TEST(CumulativeMaxPool, StartsAnewWithEverySample) {
  const Graph graph = network(Source::currents, windows.data());
  Engine engine(graph, full_registry(), {DeviceKind::cpu, 1, 1, Coding::direct, 0, false});
  GraphBuilder random(5);
  const std::vector<float> first = random.pixels(channels * height * width);
  const std::vector<float> second = random.pixels(channels * height * width);
  const auto answer = [&](const std::vector<float>& pixels) {
    engine.load(0, pixels, 0, steps);
    for (int t = 0; t < steps; ++t) engine.step();
    std::vector<float> logits(engine.logits(0).begin(), engine.logits(0).end());
    engine.release(0);
    return logits;
  };
  const std::vector<float> alone = answer(second);
  answer(first);
  EXPECT_EQ(answer(second), alone);
}

TEST(CumulativeMaxPool, LimitsTheStepsOfFixedArithmeticByItsSums) {
  const Node node = pool_of("x", windows[0]);
  SignalSpec currents{SignalType::int32, {1, 2, 2}, {1.0F}, false};
  currents.low = -(1 << 20);
  currents.high = 1 << 10;
  const auto registry = full_registry();
  const NodePlan plan =
      (*registry.plan("CumulativeMaxPool2d", Arithmetic::fixed))({node, {currents}, {1, 1, 1}});
  EXPECT_EQ(plan.max_steps, 2047);
  EXPECT_EQ(plan.output.low, -(1 << 20));
  EXPECT_EQ(plan.output.high, 1 << 10);
  EXPECT_EQ(plan.output.type, SignalType::int32);
  EXPECT_EQ(plan.state.size, 5U) << "four sums and a maximum";
}

}  // namespace
}  // namespace rheobase
