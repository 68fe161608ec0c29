#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <vector>

#include "sim/engine/engine.h"

namespace rheobase::testing {

/// What some samples came to: all that must not depend on devices, threads, slots and paths.
struct Outcome {
  std::vector<std::uint64_t> hashes;  ///< by sample
  std::vector<int> steps;
  std::vector<float> logits;  ///< after the last step, [sample][class]
  std::uint64_t events = 0;   ///< of all neurons

  bool operator==(const Outcome&) const = default;
};

/// Runs the samples `view(0)`, ..., `view(samples - 1)` for `steps` steps, with spike hashes.
inline Outcome outcome_of(const Graph& graph, const Registry& registry, EngineOptions options, int samples,
                          int steps, const std::function<SampleView(int)>& view) {
  options.hash = true;
  options.slots = std::min(options.slots, samples);
  Engine engine(graph, registry, options);
  const auto classes = static_cast<std::size_t>(engine.classes());
  Outcome outcome;
  outcome.hashes.resize(samples);
  outcome.steps.resize(samples);
  outcome.logits.resize(samples * classes);
  int next = 0;
  engine.stream(
      [&](SampleView& sample, std::uint64_t& id) {
        if (next == samples) return false;
        sample = view(next);
        id = static_cast<std::uint64_t>(next++);
        return true;
      },
      {}, steps,
      [&](const SampleResult& result) {
        outcome.hashes[result.sample] = result.spike_hash;
        outcome.steps[result.sample] = result.steps;
        const auto logits = result.logits_by_step.last(classes);
        std::copy(logits.begin(), logits.end(), outcome.logits.begin() + result.sample * engine.classes());
        for (const std::uint64_t count : result.spike_counts) outcome.events += count;
      });
  return outcome;
}

}  // namespace rheobase::testing
