// Motive: what does a convolution cost against the density of its input and against its channels, and from
// which density on is the dense path the faster one? Two arithmetics, two paths, one thread; 3x3 convolutions
// with the work of a ResNet-18 layer (channels times pixels stay the same), and four images a step, as an
// engine with slots has it; `bits` is the same layer with binary weights. And what do convolutions of small
// groups cost, depthwise ones as MobileNetV2 has them? Compare rows of one run only.
#include <benchmark/benchmark.h>
#include <hwy/aligned_allocator.h>

#include "sim/engine/engine.h"
#include "tests/support/build_graph.h"
#include "tests/support/fixed_graph.h"

namespace rheobase {
namespace {

using testing::GraphBuilder;

constexpr int images = 4;

// What a layer reads: spikes, numbers most of which are 0 (of events, bursts and graded neurons), or any
// numbers.
enum class Reads { spikes, sparse, numbers };

SignalSpec spec_of(Arithmetic arithmetic, const ImageShape& shape, Reads reads) {
  if (reads == Reads::spikes) return {SignalType::spikes, shape, {1.0F}, false};
  if (arithmetic == Arithmetic::float32) {
    SignalSpec spec{SignalType::real32, shape, {1.0F}, false};
    spec.sparse = reads == Reads::sparse;
    return spec;
  }
  return {SignalType::int16, shape, {1.0F}, false, -128, 128};
}

// A 3x3 convolution between images of one size.
struct Geometry {
  std::int64_t channels, extent, groups;
};

// One convolution planned for what it reads, with everything its step needs.
class Layer {
 public:
  Layer(Arithmetic arithmetic, const Geometry& geometry, double density, bool binary,
        Reads reads = Reads::spikes)
      : shape_{geometry.channels, geometry.extent, geometry.extent}, groups_(geometry.groups), pool_(1) {
    const std::int64_t channels = geometry.channels;
    GraphBuilder b;
    b.input({channels, shape_.height, shape_.width});
    const std::string name =
        b.conv2d("input", {.outputs = channels, .inputs = channels, .groups = geometry.groups});
    Graph graph = arithmetic == Arithmetic::fixed ? testing::with_integers(b.graph) : b.graph;
    Node* conv = graph.find(name);
    conv->attributes.erase("shift");
    if (binary) {
      conv->op = "BinaryConv2d";
      conv->tensors.erase("bias");
      Tensor& weight = conv->tensors.at("weight");
      Signs signs(weight.size());
      for (std::size_t i = 0; i < weight.size(); ++i) signs.set(i, weight.at(i) >= 0.0);
      weight = Tensor(weight.shape, std::move(signs));
    }
    const Registry registry = testing::full_registry();
    const SignalSpec input = spec_of(arithmetic, shape_, reads);
    const NodeContext context{*conv, {input}, {channels, shape_.height, shape_.width}};
    const NodePlan plan = (*registry.plan(conv->op, arithmetic))(context);
    made_ = (*registry.find(conv->op, DeviceKind::cpu, arithmetic))(context, plan);
    kernel_ = dynamic_cast<const HostKernel*>(made_.get());
    in_.resize((images * input.bytes() + 7) / 8);
    out_.resize(images * plan.output.bytes());
    scratch_bytes_ = kernel_->scratch_bytes();
    scratch_ = hwy::AllocateAligned<std::byte>(scratch_bytes_);
    std::mt19937 random(1);
    std::bernoulli_distribution active(density);
    // Of other numbers all stay 0: they cost the same.
    auto* numbers = reinterpret_cast<float*>(in_.data());
    for (std::int64_t i = 0; i < images * shape_.size(); ++i) {
      const std::int64_t c = i % channels, pixel = i / channels;
      std::uint64_t& word = in_[pixel * input.words_per_pixel() + c / 64];
      if (reads == Reads::spikes) word |= static_cast<std::uint64_t>(active(random)) << (c % 64);
      if (reads == Reads::sparse) numbers[i] = active(random) ? 2.0F : 0.0F;
    }
    for (int i = 0; i < images; ++i) {
      lanes_.push_back(i);
      slots_.push_back({i, 1});
    }
  }

  void step(SynapsePath path) {
    const SignalView in{reinterpret_cast<std::byte*>(in_.data()), in_.size() * 8 / images, 1};
    const SignalView out{out_.data(), out_.size() / images, 1};
    kernel_->step({lanes_, slots_, {&in, 1}, out, {}, pool_, {scratch_.get(), scratch_bytes_}, path});
    benchmark::DoNotOptimize(out_.data());
  }

  double dense_products() const {
    return static_cast<double>(shape_.size() * shape_.channels / groups_) * 9 * images;
  }

 private:
  ImageShape shape_;
  std::int64_t groups_;
  TaskPool pool_;
  std::unique_ptr<Kernel> made_;
  const HostKernel* kernel_ = nullptr;
  std::vector<std::uint64_t> in_;
  std::vector<std::byte> out_;
  std::size_t scratch_bytes_ = 0;
  hwy::AlignedFreeUniquePtr<std::byte[]> scratch_;
  std::vector<int> lanes_;
  std::vector<SlotLanes> slots_;
};

template <Arithmetic arithmetic, SynapsePath path, bool binary = false, Reads reads = Reads::spikes>
void convolution(benchmark::State& state) {
  const double density = static_cast<double>(state.range(1)) / 100;
  const std::int64_t channels = state.range(0);
  Layer layer(arithmetic, {channels, 2048 / channels, 1}, density, binary, reads);
  for (auto _ : state) layer.step(path);
  using benchmark::Counter;
  state.counters["adds/s"] =
      Counter(density * layer.dense_products(), Counter::kIsIterationInvariantRate, Counter::kIs1000);
}

template <Arithmetic arithmetic, bool spikes>
void small_groups(benchmark::State& state) {
  const std::int64_t channels = state.range(0);
  Layer layer(arithmetic, {channels, state.range(1), channels / state.range(2)}, 0.1, false,
              spikes ? Reads::spikes : Reads::numbers);
  for (auto _ : state) layer.step(SynapsePath::dense);
  using benchmark::Counter;
  state.counters["products/s"] =
      Counter(layer.dense_products(), Counter::kIsIterationInvariantRate, Counter::kIs1000);
}

void fixed_event(benchmark::State& state) { convolution<Arithmetic::fixed, SynapsePath::event>(state); }
void fixed_dense(benchmark::State& state) { convolution<Arithmetic::fixed, SynapsePath::dense>(state); }
void float32_event(benchmark::State& state) { convolution<Arithmetic::float32, SynapsePath::event>(state); }
void float32_dense(benchmark::State& state) { convolution<Arithmetic::float32, SynapsePath::dense>(state); }
void sparse_event(benchmark::State& state) {
  convolution<Arithmetic::float32, SynapsePath::event, false, Reads::sparse>(state);
}
void sparse_dense(benchmark::State& state) {
  convolution<Arithmetic::float32, SynapsePath::dense, false, Reads::sparse>(state);
}
void fixed_bits(benchmark::State& state) { convolution<Arithmetic::fixed, SynapsePath::dense, true>(state); }
void float32_bits(benchmark::State& state) {
  convolution<Arithmetic::float32, SynapsePath::dense, true>(state);
}

void densities(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"channels", "density%"})->ArgsProduct({{64, 256}, {1, 5, 10, 20, 40, 60, 80, 100}});
}
void channels(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"channels", "density%"})->ArgsProduct({{16, 32}, {1, 10, 20, 40, 60}});
  bench->ArgsProduct({{128, 512}, {10}});
}
void both(benchmark::internal::Benchmark* bench) {
  densities(bench);
  channels(bench);
}

void widths(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"channels", "density%"})->ArgsProduct({{16, 32, 64, 256}, {1, 5, 10, 20, 40, 60}});
}

void groups(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"channels", "extent", "group"});
  for (const auto& [channels, extent] : {std::pair{32, 112}, {144, 56}, {192, 28}, {576, 14}, {960, 7}})
    bench->Args({channels, extent, 1});
  for (const int group : {2, 4, 8, 16, 128}) bench->Args({128, 28, group});
}

BENCHMARK(fixed_event)->Apply(both);
BENCHMARK(fixed_dense)->Apply(both);
BENCHMARK(float32_event)->Apply(both);
BENCHMARK(float32_dense)->Apply(densities);
BENCHMARK(sparse_event)->Apply(widths);
BENCHMARK(sparse_dense)->Apply(widths);
BENCHMARK(fixed_bits)->Apply(both);
BENCHMARK(float32_bits)->Apply(both);
BENCHMARK_TEMPLATE(small_groups, Arithmetic::float32, false)->Apply(groups);
BENCHMARK_TEMPLATE(small_groups, Arithmetic::float32, true)->Apply(groups);
BENCHMARK_TEMPLATE(small_groups, Arithmetic::fixed, false)->Apply(groups);
BENCHMARK_TEMPLATE(small_groups, Arithmetic::fixed, true)->Apply(groups);

}  // namespace
}  // namespace rheobase

BENCHMARK_MAIN();
