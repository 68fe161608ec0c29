// Motive: where does the event-driven path of a convolution pay, and what does a step cost against density?
// One 3x3 convolution, 64 -> 64 channels at 32x32 and 256 -> 256 at 8x8 (two stages of ResNet-18), one
// thread. Input: spikes of a given density (event-driven path) or the same numbers as reals (dense path).
// Compare rows of one run only.
#include <benchmark/benchmark.h>

#include "sim/engine/engine.h"
#include "tests/support/build_graph.h"

namespace rheobase {
namespace {

using testing::GraphBuilder;

void convolution(benchmark::State& state, bool spikes) {
  const std::int64_t channels = state.range(0);
  const ImageShape shape{channels, 2048 / channels, 2048 / channels};
  const double density = static_cast<double>(state.range(1)) / 100;
  GraphBuilder b;
  Node conv{"conv", "Conv2d", {"input"}, {{"padding", std::vector<std::int64_t>{1, 1, 1, 1}}}, {}};
  conv.tensors["weight"] = b.tensor({channels, channels, 3, 3});
  const SignalSpec input{spikes ? SignalType::spikes : SignalType::real32, shape, {1.0F}, false};
  const Registry registry = testing::full_registry();
  const auto kernel = (*registry.find("Conv2d", DeviceKind::cpu, Arithmetic::float32))(
      {conv, {input}, {channels, shape.height, shape.width}});

  std::vector<std::uint64_t> in(input.bytes() / 8 + 1);
  std::vector<std::uint64_t> out(kernel->output().bytes() / 8 + 1);
  const SignalView view{reinterpret_cast<std::byte*>(in.data()), 0};
  std::mt19937 random(1);
  std::bernoulli_distribution active(density);
  for (std::int64_t i = 0; i < shape.size(); ++i) {
    const bool one = active(random);
    if (spikes) {
      view.spikes(0)[i / 64] |= static_cast<std::uint64_t>(one) << (i % 64);
    } else {
      view.real(0)[i] = one ? 1.0F : 0.0F;
    }
  }
  TaskPool pool(1);
  const int lane = 0;
  const SlotLanes slot{0, 1};
  std::vector<std::byte> scratch(kernel->scratch_bytes() + ScratchMemory::alignment);
  for (auto _ : state) {
    kernel->step({{&lane, 1},
                  {&slot, 1},
                  {&view, 1},
                  {reinterpret_cast<std::byte*>(out.data()), 0},
                  {},
                  pool,
                  scratch});
    benchmark::DoNotOptimize(out.data());
  }
  const double macs = static_cast<double>(shape.size()) * static_cast<double>(channels) * 9;
  state.counters["dense MAC/s"] = benchmark::Counter(macs, benchmark::Counter::kIsIterationInvariantRate);
}

void event_driven(benchmark::State& state) { convolution(state, true); }
void dense(benchmark::State& state) { convolution(state, false); }

BENCHMARK(event_driven)->ArgNames({"channels", "density%"})->ArgsProduct({{64, 256}, {2, 5, 10, 20, 40, 80}});
BENCHMARK(dense)->ArgNames({"channels", "density%"})->ArgsProduct({{64, 256}, {10}});

}  // namespace
}  // namespace rheobase

BENCHMARK_MAIN();
