#include "experiments/metrics/neurobench.h"

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <optional>
#include <tuple>
#include <utility>

#include "sim/engine/engine.h"
#include "sim/engine/host/operation_meter.h"
#include "sim/engine/runner.h"
#include "sim/stop/stop_policy.h"
#include "tests/support/build_graph.h"

namespace rheobase {
namespace {

// in -> conv (1x1, 2 channels to 2, one weight 0) -> if -> flat -> fc (3 of 4 weights) -> out, over 2 pixels
// side by side; fc reads the 4 neurons.
Graph tiny_graph() {
  Graph graph;
  Node in{"in", "Input", {}, {{"shape", std::vector<std::int64_t>{2, 1, 2}}}, {}};
  in.tensors["mean"] = {{2}, {0.5F, 0.5F}};
  Node conv{"conv", "Conv2d", {"in"}, {}, {}};
  conv.tensors["weight"] = {{2, 2, 1, 1}, {1.0F, 2.0F, 0.0F, -1.0F}};
  conv.tensors["bias"] = {{2}, {0.0F, 0.0F}};
  Node neuron{"if", "IF", {"conv"}, {}, {}};
  neuron.tensors["v_threshold"] = scalar_tensor(1.0F);
  const Node flat{"flat", "Flatten", {"if"}, {}, {}};
  Node fc{"fc", "Linear", {"flat"}, {}, {}};
  fc.tensors["weight"] = {{1, 4}, {1.0F, 1.0F, 1.0F, 0.0F}};
  const Node out{"out", "Output", {"fc"}, {}, {}};
  graph.nodes = {in, conv, neuron, flat, fc, out};
  return graph;
}

// Plays the engine: signals of one slot, made up by hand. A step ends with taken().
class Player {
 public:
  // `signals`: what each node emits; those that are not shown may be anything.
  Player(const Graph& graph, std::map<int, SignalSpec> signals) : schedule_(1, 1) {
    std::vector<SignalSpec> specs(graph.nodes.size());
    for (auto& spec : specs) spec.shape = {4, 1, 1};
    for (auto& [node, spec] : signals) specs.at(node) = spec;
    plan_ = plan_operations(graph, graph.nodes, specs, testing::full_registry().schemas());
    meter_.emplace(plan_, schedule_);
    begin();
  }

  void begin() { meter_->begin(std::array<int, 1>{0}); }
  void taken() {
    meter_->take(0, 0);
    begin();
  }

  void reals(int node, std::vector<float> values) { show(node, reinterpret_cast<std::byte*>(values.data())); }
  void integers(int node, std::vector<std::int16_t> values) {
    show(node, reinterpret_cast<std::byte*>(values.data()));
  }
  void spikes(int node, std::vector<std::uint64_t> words) {
    show(node, reinterpret_cast<std::byte*>(words.data()));
  }
  void next_sample() { meter_->clear(0); }

  SampleCost cost() const { return meter_->cost(0); }
  NeuroBench sums() const {
    NeuroBench all(plan_.counted);
    all.add(cost());
    return all;
  }

 private:
  void show(int node, std::byte* data) {
    if (meter_->counts(node)) meter_->look(node, {data, plan_.signals[node].spec.bytes(), 1}, 0);
  }

  SlotSchedule schedule_;
  OperationPlan plan_;
  std::optional<OperationMeter> meter_;
};

SignalSpec real_signal(ImageShape shape, bool constant) {
  return {SignalType::real32, shape, {1.0F}, constant};
}
SignalSpec spike_signal(ImageShape shape) { return {SignalType::spikes, shape, {0.25F}, false}; }
SignalSpec fixed_signal(ImageShape shape) { return {SignalType::int16, shape, {1.0F}, false}; }

// Of tiny_graph() in a spiking network.
std::map<int, SignalSpec> tiny_signals() {
  return {{0, real_signal({2, 1, 2}, true)},  {1, real_signal({2, 1, 2}, true)},
          {2, spike_signal({2, 1, 2})},       {3, spike_signal({4, 1, 1})},
          {4, real_signal({1, 1, 1}, false)}, {5, real_signal({1, 1, 1}, false)}};
}

TEST(NeuroBench, CountsATinyNetworkByHand) {
  const Graph graph = tiny_graph();
  Player engine(graph, tiny_signals());
  // Pixel-major: channel 0 of both pixels leads to one output (its second weight is 0), channel 1 to two.
  // Non-zero inputs: channels 0 and 1 of pixel 0, channel 1 of pixel 1: 1 + 2 + 2 products.
  engine.reals(0, {0.5F, 0.25F, 0.0F, 2.0F});
  engine.reals(1, {1.0F, 1.0F, 1.0F, 1.0F});
  for (const std::uint64_t flat : {0b1001U, 0b0111U}) {
    engine.spikes(2, {0b01U, 0b10U});  // 2 of 4 neurons fire
    engine.spikes(3, {flat});          // neuron 3 leads nowhere: 1 product, then 3
    engine.reals(4, {1.0F});
    engine.reals(5, {1.0F});
    engine.taken();
  }
  const SynapticOperations operations = engine.sums().synaptic_operations(1);
  EXPECT_EQ(operations.effective_macs, 2 * 5);
  EXPECT_EQ(operations.effective_acs, 1 + 3);
  EXPECT_EQ(operations.dense, 2 * (8 + 4));
  EXPECT_EQ(engine.sums().activation_sparsity(), 0.5);
  EXPECT_DOUBLE_EQ(energy_pj(operations), 4.6 * 10 + 0.9 * 4);
}

TEST(NeuroBench, EverySynapseCountsItsOwnOperations) {
  Graph graph = tiny_graph();
  Node other = *graph.find("fc");
  other.name = "other";
  other.tensors["weight"].reals() = {0.0F, 1.0F, 0.0F, 1.0F};
  graph.nodes.insert(graph.nodes.end() - 1, other);  // reads the same spikes
  Player engine(graph, tiny_signals());
  engine.reals(0, {0.5F, 0.25F, 0.0F, 2.0F});
  for (int t = 0; t < 2; ++t) {
    engine.spikes(3, {0b1110U});
    engine.reals(6, {1.0F});
    engine.taken();
  }
  const auto costs = engine.cost().synapses;
  ASSERT_EQ(costs.size(), 3U);  // conv, fc, other
  EXPECT_EQ(costs[0], (SynapseCost{0, 2 * 5}));
  EXPECT_EQ(costs[1], (SynapseCost{2 * 2, 0}));
  EXPECT_EQ(costs[2], (SynapseCost{2 * 2, 0}));
  EXPECT_EQ(engine.sums().synaptic_operations(1).effective_acs, 8);
  engine.next_sample();
  EXPECT_EQ(engine.cost().synapses[1], SynapseCost{});
}

TEST(NeuroBench, UnitInputsMakeACallAccumulateOnly) {
  const Graph graph = tiny_graph();
  Player engine(graph, {{0, real_signal({2, 1, 2}, false)}});
  engine.reals(0, {1.0F, -1.0F, 0.0F, 1.0F});
  engine.taken();
  EXPECT_EQ(engine.sums().synaptic_operations(1).effective_acs, 1 + 2 + 2);
  EXPECT_EQ(engine.sums().synaptic_operations(1).effective_macs, 0);
}

TEST(NeuroBench, AFixedImageIsJudgedByItsPixels) {
  Graph graph = tiny_graph();
  graph.find("in")->attributes["fraction_bits"] = std::int64_t{14};
  graph.nodes.insert(graph.nodes.begin() + 1, Node{"pad", "Pad", {"in"}, {}, {}});
  graph.find("conv")->inputs = {"pad"};
  Player engine(graph, {{0, fixed_signal({2, 1, 2})}, {1, fixed_signal({2, 1, 2})}});
  engine.integers(1, {16384, -16384, 0, 16384});
  engine.taken();
  EXPECT_EQ(engine.sums().synaptic_operations(1).effective_acs, 1 + 2 + 2);
  engine.integers(1, {16384, 1, 0, 16384});
  engine.taken();
  EXPECT_EQ(engine.sums().synaptic_operations(1).effective_acs, 1 + 2 + 2);
  EXPECT_EQ(engine.sums().synaptic_operations(1).effective_macs, 1 + 2 + 2);
}

TEST(NeuroBench, ANetworkWithoutStateCountsOnceASample) {
  const Graph graph = tiny_graph();
  Player engine(graph, {{0, real_signal({2, 1, 2}, true)},
                        {1, real_signal({2, 1, 2}, true)},
                        {2, real_signal({2, 1, 2}, true)},
                        {3, real_signal({4, 1, 1}, true)},
                        {5, real_signal({1, 1, 1}, true)}});
  engine.reals(0, {0.5F, 0.5F, 0.5F, 0.5F});
  engine.reals(2, {0.0F, 0.0F, 0.0F, 3.0F});
  engine.reals(3, {0.0F, 0.0F, 0.0F, 3.0F});
  engine.reals(5, {1.0F});
  engine.taken();
  engine.taken();  // a second step computes nothing
  EXPECT_EQ(engine.sums().synaptic_operations(1).effective_macs, 6);
  EXPECT_EQ(engine.sums().synaptic_operations(1).dense, 8 + 4);
  EXPECT_EQ(engine.sums().activation_sparsity(), 0.75);
}

TEST(NeuroBench, ASpikeMapWiderThanAWordKeepsItsNeurons) {
  Graph graph = tiny_graph();
  Tensor& weight = graph.find("conv")->tensors["weight"];
  weight = {{1, 70, 1, 1}, std::vector<float>(70, 0.0F)};
  weight.reals()[65] = 1.0F;
  Player engine(graph, {{0, spike_signal({70, 1, 2})}});
  engine.spikes(0, {~0ULL, 0b111111U, 0U, 0b000010U});  // all of pixel 0, channel 65 of pixel 1
  engine.taken();
  EXPECT_EQ(engine.sums().synaptic_operations(1).effective_acs, 2);
}

TEST(NeuroBench, StepsThatAreComputedButNotTakenDoNotCount) {
  const Graph graph = tiny_graph();
  Player engine(graph, tiny_signals());
  engine.spikes(3, {0b0111U});
  engine.begin();
  engine.spikes(3, {0b0001U});
  engine.taken();
  EXPECT_EQ(engine.sums().synaptic_operations(1).effective_acs, 1);
}

// Images of two pixels in two channels, drawn by their number.
class Pixels : public ImageSource {
 public:
  std::int64_t size() const override { return 40; }
  Shape shape() const override { return {2, 1, 2}; }
  void read(std::int64_t index, std::span<float> pixels) const override {
    for (std::size_t i = 0; i < pixels.size(); ++i)
      pixels[i] = static_cast<float>((index * 7 + static_cast<std::int64_t>(i) * 3) % 11) / 10.0F;
  }
};

TEST(NeuroBench, CountsTheSameOnAnyNumberOfThreads) {
  Graph graph = tiny_graph();
  graph.nodes.front().tensors["std"] = {{2}, {0.25F, 0.25F}};
  const auto counted = [&](int threads) {
    const Registry registry = testing::full_registry();
    Engine engine(graph, registry,
                  {.device = DeviceKind::cpu, .slots = 8, .threads = threads, .costs = true});
    NeuroBench sums(engine.counted_operations());
    std::array<std::uint64_t, 2> by_synapse{};
    run_samples(engine, Pixels(), make_stop_policy({}), {6, 0, 40}, [&](const SampleResult& result) {
      for (const SynapseCost& cost : result.cost.synapses) {
        by_synapse[0] += cost.acs;
        by_synapse[1] += cost.macs;
      }
      sums.add(result.cost);
    });
    const SynapticOperations operations = sums.synaptic_operations(40);
    EXPECT_GT(by_synapse[0], 0U);
    EXPECT_GT(by_synapse[1], 0U);
    return std::tuple(by_synapse, operations.effective_acs, operations.effective_macs,
                      sums.activation_sparsity());
  };
  EXPECT_EQ(counted(4), counted(1));
}

TEST(NeuroBench, StaticNumbersOfTheGraph) {
  const Graph graph = tiny_graph();
  // 4 + 2 numbers of conv, 1 of if, 4 of fc; the input's normalisation is not the network's.
  const Registry registry = testing::full_registry();
  const SchemaSet& schemas = registry.schemas();
  EXPECT_EQ(footprint_bytes(graph, schemas), 11 * sizeof(float));
  EXPECT_DOUBLE_EQ(connection_sparsity(graph, schemas), 2.0 / 8.0);
  EXPECT_EQ(connection_sparsity({}, schemas), 0.0);
}

}  // namespace
}  // namespace rheobase
