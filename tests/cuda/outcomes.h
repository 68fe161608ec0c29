#pragma once

#include <map>
#include <tuple>
#include <utility>
#include <vector>

#include "sim/engine/runner.h"
#include "tests/cuda/cuda_device.h"

namespace rheobase::testing {

/// Everything that a run says of a sample.
struct SampleOutcome {
  int steps = 0;
  bool stopped = false;
  std::vector<float> logits_by_step;
  std::vector<std::uint64_t> spike_counts;
  std::uint64_t spike_hash = 0;
  int evaluations = 0;
  std::vector<StepCost> step_costs;
  std::vector<SynapseCost> synapse_costs;
  bool operator==(const SampleOutcome&) const = default;
};

struct RunOutcome {
  std::map<std::int64_t, SampleOutcome> samples;
  std::vector<std::int64_t> order;  ///< of finishing
  std::int64_t image_steps = 0;
};

/// Whether two runs say the same of every sample, whatever the order.
inline bool same_samples(const RunOutcome& a, const RunOutcome& b) {
  return std::tie(a.samples, a.image_steps) == std::tie(b.samples, b.image_steps);
}

inline RunOutcome run_engine(Engine& engine, const SampleSource& source, const StopSettings& stop,
                             const RunOptions& window) {
  RunOutcome outcome;
  outcome.image_steps =
      run_samples(engine, source, make_stop_policy(stop), window, [&](const SampleResult& r) {
        outcome.order.push_back(r.sample);
        outcome.samples[r.sample] = {r.steps,
                                     r.stopped,
                                     {r.logits_by_step.begin(), r.logits_by_step.end()},
                                     {r.spike_counts.begin(), r.spike_counts.end()},
                                     r.spike_hash,
                                     r.cost.evaluations,
                                     {r.cost.steps.begin(), r.cost.steps.end()},
                                     {r.cost.synapses.begin(), r.cost.synapses.end()}};
      });
  return outcome;
}

inline EngineOptions counting_options(DeviceKind device, int slots) {
  EngineOptions options;
  options.device = device;
  options.slots = slots;
  options.threads = 1;
  options.hash = true;
  options.costs = true;
  return options;
}

inline RunOutcome run_on(DeviceKind device, int slots, const Graph& graph, const SampleSource& source,
                         const StopSettings& stop, const RunOptions& window) {
  Engine engine(graph, registry_with_cuda(), counting_options(device, slots));
  return run_engine(engine, source, stop, window);
}

}  // namespace rheobase::testing
