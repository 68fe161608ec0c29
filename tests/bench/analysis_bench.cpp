// What asking a recording costs: 10,000 samples of 100 classes over 64 steps, as of a CIFAR-100 network.
#include <benchmark/benchmark.h>

#include "experiments/analysis/calibrate.h"
#include "experiments/sweep/sweep_points.h"
#include "tests/experiments/analysis/random_walks.h"

namespace rheobase {
namespace {

const Recording& large_recording() {
  static const Recording recording = random_walks(10'000, 64, 1, 100);
  return recording;
}

void front(benchmark::State& state, const char* policy, bool by_step) {
  CalibrationOptions options;
  options.policy = policy;
  options.by_step = by_step;
  for (auto _ : state) {
    const Trace trace(large_recording(), "recording");
    const StopScores scores(large_recording(), policy, 1.0);
    benchmark::DoNotOptimize(stop_front(trace, scores, options));
  }
}

void one_rule(benchmark::State& state) {
  const Recording& recording = large_recording();
  const Trace trace(recording, "recording");
  for (auto _ : state)
    benchmark::DoNotOptimize(outcome(trace, exits_of(recording, {"confidence", 2.0, 0.9})));
}

void sweep_of_all_policies(benchmark::State& state) {
  SweepSpec spec;
  spec.steps = {64};
  for (const char* policy : {"confidence", "margin", "entropy", "stable"})
    spec.policies.push_back({policy, {1.0}, {}, false});
  for (auto _ : state) benchmark::DoNotOptimize(sweep_points(large_recording(), "recording", spec));
}

BENCHMARK_CAPTURE(front, margin, "margin", false)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(front, margin_by_step, "margin", true)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(front, confidence, "confidence", false)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(front, entropy, "entropy", false)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(front, stable, "stable", false)->Unit(benchmark::kMillisecond);
BENCHMARK(one_rule)->Unit(benchmark::kMillisecond);
BENCHMARK(sweep_of_all_policies)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace rheobase

BENCHMARK_MAIN();
