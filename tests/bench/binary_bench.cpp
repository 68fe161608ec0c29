// Motive: how close do binary convolutions come to what the processor can count, and which way of counting is
// the faster one? Rows are 3x3 layers of ResNet-18, VGG-small and ResNet-20, of `images` images a step on one
// thread, with a Sign behind them; Gop/s counts a product and its addition as two. `peak` rows are the
// instructions of each method alone, in registers. Compare rows of one run only.
#include <benchmark/benchmark.h>

#include "binarize/ops/binary_conv2d_plan.h"
#include "neurons/sign.h"
#include "neurons/sign_kernels.h"
#include "sim/op/host/tile.h"
#include "tests/bench/bit_peak.h"
#include "tests/support/build_graph.h"

namespace rheobase {
namespace {

using testing::GraphBuilder;

constexpr int images = 4;

// One binary convolution with thresholds, fed with random signs.
class Layer {
 public:
  Layer(CountMethod method, std::int64_t inputs, std::int64_t outputs, std::int64_t extent)
      : input_{SignalType::signs, {inputs, extent, extent}, {1.0F}, false}, pool_(1) {
    GraphBuilder b;
    Node node{"conv", "BinaryConv2d", {"input"}, {{"padding", std::vector<std::int64_t>{1, 1, 1, 1}}}, {}};
    const Tensor weight = b.tensor({outputs, inputs, 3, 3});
    node.tensors["weight"] = Tensor(weight.shape, Signs::of(weight.reals()));
    const NodeContext conv{node, {input_}, {outputs, extent, extent}};
    kernel_ = make_binary_conv2d_cpu(conv, Arithmetic::float32, method);
    const Node sign = sign_node("sign", "conv");
    const NodeContext context{
        sign, {plan_binary_conv2d(conv, Arithmetic::float32).output}, {outputs, extent, extent}};
    const NodePlan plan = plan_sign(context);
    neuron_ = make_sign_cpu(context, plan);
    in_.resize(images * input_.bytes() / 8);
    out_.resize(images * plan.output.bytes());
    scratch_.resize(kernel_->scratch_bytes() + ScratchMemory::alignment);
    std::mt19937_64 random(1);
    const std::uint64_t used = inputs % 64 == 0 ? ~std::uint64_t{0} : (std::uint64_t{1} << inputs % 64) - 1;
    for (std::uint64_t& word : in_) word = random() & used;
    for (int i = 0; i < images; ++i) {
      lanes_.push_back(i);
      slots_.push_back({i, 1});
    }
  }

  void step() {
    const SignalView in{reinterpret_cast<std::byte*>(in_.data()), in_.size() * 8 / images, 1};
    const SignalView out{out_.data(), out_.size() / images, 1};
    const StepArgs args{lanes_, slots_, {&in, 1}, out, {}, pool_, scratch_, SynapsePath::event};
    kernel_->tile_source()->step_tiles(args, Sink(*neuron_->tile_neuron(), out));
    benchmark::DoNotOptimize(out_.data());
  }

 private:
  class Sink : public TileSink {
   public:
    Sink(const TileNeuron& neuron, const SignalView& out) : neuron_(neuron), out_(out) {}
    void take(const Tile& tile) const override { neuron_.step_tile(tile, {}, out_); }

   private:
    const TileNeuron& neuron_;
    const SignalView& out_;
  };

  SignalSpec input_;
  TaskPool pool_;
  std::unique_ptr<HostKernel> kernel_, neuron_;
  std::vector<std::uint64_t> in_;
  std::vector<std::byte> out_, scratch_;
  std::vector<int> lanes_;
  std::vector<SlotLanes> slots_;
};

void layer(benchmark::State& state, CountMethod method) {
  const std::int64_t inputs = state.range(0), outputs = state.range(1), extent = state.range(2);
  Layer layer(method, inputs, outputs, extent);
  for (auto _ : state) layer.step();
  const auto products = static_cast<double>(9 * inputs * outputs * extent * extent * images);
  state.counters["Gop"] = benchmark::Counter(2e-9 * products * static_cast<double>(state.iterations()),
                                             benchmark::Counter::kIsRate);
  state.SetLabel(bit_rows_target());
}

void shapes(benchmark::internal::Benchmark* bench) {
  for (const auto& [inputs, outputs, extent] :
       std::vector<std::array<std::int64_t, 3>>{{64, 64, 32},
                                                {128, 128, 16},
                                                {256, 256, 8},
                                                {512, 512, 4},  // ResNet-18
                                                {128, 128, 32},
                                                {128, 256, 16},
                                                {256, 256, 16},
                                                {256, 512, 8},
                                                {512, 512, 8},  // VGG-small
                                                {16, 16, 32},
                                                {32, 32, 16},
                                                {64, 64, 8}})  // ResNet-20
    bench->Args({inputs, outputs, extent});
  bench->ArgNames({"in", "out", "extent"});
}

BENCHMARK_CAPTURE(layer, table, CountMethod::table)->Apply(shapes);
BENCHMARK_CAPTURE(layer, words, CountMethod::words)->Apply(shapes);

// What a method could do if nothing but its instructions had to run.
void peak(benchmark::State& state, CountMethod method) {
  double products = 0.0;
  for (auto _ : state) products += testing::count_in_registers(method);
  state.counters["Gop"] = benchmark::Counter(2e-9 * products, benchmark::Counter::kIsRate);
  state.SetLabel(bit_rows_target());
}
BENCHMARK_CAPTURE(peak, table, CountMethod::table);
BENCHMARK_CAPTURE(peak, words, CountMethod::words);

}  // namespace
}  // namespace rheobase

BENCHMARK_MAIN();
