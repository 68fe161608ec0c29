// The operations counted are those of every active value as far as it leads, whatever the signals are, at the
// edges of images too; a call of a layer counts as ACs where all its inputs are -1, 0 or 1.
#include <gtest/gtest.h>

#include <cstdlib>

#include "neurons/multi_threshold.h"
#include "sim/engine/engine.h"
#include "sim/engine/fan_out.h"
#include "sim/engine/signal_tap.h"
#include "tests/support/build_graph.h"
#include "tests/support/fixed_graph.h"

namespace rheobase {
namespace {

using testing::GraphBuilder;

constexpr int steps = 5;

// One value of a signal as it is stored.
double value_at(const SignalSpec& spec, const SignalView& view, std::int64_t i) {
  const std::int64_t channels = spec.shape.channels, c = i % channels;
  switch (spec.type) {
    case SignalType::real32:
      return view.real(0)[i];
    case SignalType::int16:
      return view.int16(0)[i];
    case SignalType::int32:
      return view.int32(0)[i];
    default:
      return static_cast<double>(view.spikes(0)[i / channels * spec.words_per_pixel() + c / 64] >> (c % 64) &
                                 1U);
  }
}

// Counts anew what a step leads to, value by value.
class Counter : public SignalTap {
 public:
  Counter(const Graph& graph, const Engine& engine) : graph_(graph), engine_(engine) {}
  void begin(std::span<const int> /*lanes*/) override { now_ = {}; }
  void on_signal(int index, const SignalSpec& spec, const SignalView& view, int /*lane*/) override {
    const Node& source = engine_.nodes()[index];
    for (const Node& node : graph_.nodes) {
      if ((node.op == "Conv2d" || node.op == "Linear") && node.inputs.at(0) == source.name)
        (spec.constant ? image_ : now_) += cost_of(source, fan_out(node, spec.shape).effective, spec, view);
    }
  }
  void taken(int /*lane*/) override {
    now_ += image_;  // counts at every step
    seen.push_back(now_);
  }

  std::vector<SynapseCost> seen;  // by step, of all layers

 private:
  static SynapseCost cost_of(const Node& source, const std::vector<std::uint32_t>& fan_out,
                             const SignalSpec& spec, const SignalView& view) {
    const double one = source.op == "Input" ? 1 << source.integer("fraction_bits", 0) : 1;
    std::uint64_t operations = 0;
    bool unit = true;
    for (std::int64_t i = 0; i < spec.shape.size(); ++i) {
      const double value = value_at(spec, view, i);
      if (value == 0) continue;
      operations += fan_out[i];
      unit = unit && std::abs(value) == one;
    }
    return {unit ? operations : 0, unit ? 0 : operations};
  }

  const Graph& graph_;
  const Engine& engine_;
  SynapseCost now_, image_;
};

void expect_counts(const Graph& graph, DeviceKind device) {
  EngineOptions options{device, 1, 1, Coding::direct, 0, false, true};
  Engine engine(graph, testing::full_registry(), options);
  Counter counter(graph, engine);
  engine.set_tap(&counter);
  const std::vector<float> pixels = GraphBuilder(5).pixels(element_count(engine.input_shape()));
  int left = 1;
  engine.stream(
      [&](SampleView& view, std::uint64_t& id) {
        view = {pixels, {}};
        id = 0;
        return left-- > 0;
      },
      {}, steps,
      [&](const SampleResult& result) {
        ASSERT_EQ(result.cost.steps.size(), counter.seen.size());
        for (int t = 0; t < steps; ++t) {
          EXPECT_EQ(result.cost.steps[t].acs, counter.seen[t].acs) << "step " << t + 1;
          EXPECT_EQ(result.cost.steps[t].macs, counter.seen[t].macs) << "step " << t + 1;
        }
      });
  EXPECT_EQ(counter.seen.size(), static_cast<std::size_t>(steps));
}

// The residual network with other neurons.
Graph graded(MultiThreshold kind, std::int64_t levels) {
  Graph graph = testing::small_residual_snn();
  for (Node& node : graph.nodes) {
    if (node.op != "IF") continue;
    MultiThresholdParameters neuron;
    neuron.kind = kind;
    neuron.levels = levels;
    neuron.v_threshold = scalar_tensor(0.64F);
    node = neuron.node(node.name, node.inputs.at(0));
  }
  return graph;
}

TEST(OperationCounts, AreThoseOfEveryActiveValue) {
  for (const Graph& graph : {testing::small_residual_snn(), graded(MultiThreshold::signed_if, 1),
                             graded(MultiThreshold::mtif, 6)}) {
    for (const DeviceKind device : {DeviceKind::reference, DeviceKind::cpu}) {
      expect_counts(graph, device);
      expect_counts(testing::with_integers(graph), device);
    }
  }
}

}  // namespace
}  // namespace rheobase
