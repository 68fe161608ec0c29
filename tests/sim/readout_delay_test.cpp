// A read-out that begins late sums what the later steps alone would, on every device.
#include <gmock/gmock.h>

#include <array>

#include "sim/core/error.h"
#include "tests/support/fixed_graph.h"
#include "tests/support/random_runs.h"

namespace rheobase {
namespace {

using ::testing::HasSubstr;
using testing::options;
using testing::Outcomes;
using testing::run;
using testing::small_residual_snn;

Outcomes run_delayed(const Graph& graph, EngineOptions options, int delay, StopSettings stop = {}) {
  options.readout_delay = delay;
  stop.readout_delay = delay;
  return run(graph, options, stop);
}

TEST(ReadoutDelay, AddsUpTheStepsBehindIt) {
  const Graph graph = small_residual_snn();
  const Outcomes whole = run(graph, options(4, 2));
  std::vector<Outcomes> from;  // [t]: read from step t + 1 on
  for (int t = 0; t < 6; ++t) from.push_back(run_delayed(graph, options(4, 2), t));
  EXPECT_EQ(from[0], whole);
  for (std::int64_t sample = 0; sample < 12; ++sample) {
    for (int k = 0; k < 5; ++k) {
      float sum = 0.0F;
      for (int t = 0; t < 6; ++t) {
        const float logit = from[2].at(sample).logits_by_step[5 * t + k];
        sum += t < 2 ? 0.0F : from[t].at(sample).logits_by_step[5 * t + k];  // what step t + 1 gives alone
        EXPECT_EQ(logit, t < 2 ? whole.at(sample).logits_by_step[5 * t + k] : sum);
      }
    }
  }
}

TEST(ReadoutDelay, GivesTheSameOnEveryDeviceSlotsThreadsAndLookahead) {
  for (const Graph& graph : {small_residual_snn(), testing::with_integers(small_residual_snn())}) {
    const StopSettings stop{"margin", 1.0, 0.3};
    const Outcomes expected = run_delayed(graph, options(1, 1, DeviceKind::reference), 2, stop);
    for (const auto& [slots, threads, lookahead] : {std::array{1, 1, 1}, {5, 2, 1}, {12, 3, 4}}) {
      EngineOptions how = options(slots, threads);
      how.lookahead = lookahead;
      EXPECT_EQ(run_delayed(graph, how, 2, stop), expected) << slots << ' ' << threads;
    }
    const Outcomes whole = run(graph, options(4, 2));
    const Outcomes to_the_end = run_delayed(graph, options(4, 2), 2);
    for (const auto& [sample, outcome] : expected) EXPECT_GT(outcome.steps, 2);
    for (const auto& [sample, outcome] : to_the_end)
      EXPECT_EQ(outcome.spike_hash, whole.at(sample).spike_hash);  // spikes know nothing of it
  }
}

TEST(ReadoutDelay, IsRefusedWhereItMeansNothing) {
  Graph graph = small_residual_snn();
  EXPECT_THROW(run_delayed(graph, options(1, 1), 6), InputError);  // of six steps
  EXPECT_THROW(run_delayed(graph, options(1, 1), -1), InputError);
  EngineOptions delayed = options(1, 1);
  delayed.readout_delay = 2;
  EXPECT_THROW(run(graph, delayed), InputError);  // under a rule without
  for (Node& node : graph.nodes) {
    if (node.op == "Output") node.attributes["running"] = std::int64_t{1};
  }
  try {
    run_delayed(graph, options(1, 1), 1);
    FAIL() << "running values were read out late";
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), HasSubstr("output reads running values"));
  }
}

}  // namespace
}  // namespace rheobase
