#include "neurons/if_cuda.h"

#include <bit>

#include "neurons/if.h"
#include "neurons/if_step.h"
#include "sim/cuda/kernels/elements.cuh"
#include "sim/cuda/kernels/product.cuh"
#include "sim/op/fixed.h"

namespace rheobase {
namespace {

using cuda::CudaKernel;
using cuda::CudaStep;
using cuda::CudaSynapse;
using cuda::DeviceSignal;
using cuda::DeviceTable;

constexpr std::size_t most_addends = 3;
constexpr std::int32_t int32_max = 0x7fffffff;

// Parameters and potentials; neurons that only pad a row never fire.
struct IfNeurons {
  std::int32_t* v;  // [slot][pixel][row]
  std::int64_t slot_numbers;
  std::int32_t row;  // of a pixel, a multiple of 16
  const std::int32_t* v_threshold;
  const std::int32_t* v_init;
  Reset reset;
  std::int32_t v_reset;

  __device__ std::int32_t* of(std::int32_t slot, std::int32_t pixel) const {
    return v + slot_numbers * slot + std::int64_t{pixel} * row;
  }
  __device__ bool fires(std::int32_t& potential, std::int32_t x, std::int32_t threshold) const {
    return if_step(potential, x, threshold, reset, v_reset);
  }
};

// From a signal that is stored.
struct StepAlone {
  IfNeurons neurons;
  DeviceSignal input;

  __device__ std::int32_t operator()(const cuda::ElementPlace& place) const {
    std::int32_t* v = neurons.of(place.slot, place.pixel) + place.channel;
    std::int32_t potential = place.fresh ? neurons.v_init[place.channel] : *v;
    const std::int32_t x = number_at(input, place.slot, place.pixel, place.channel);
    const bool fired = neurons.fires(potential, x, neurons.v_threshold[place.channel]);
    *v = potential;
    return fired ? 1 : 0;
  }
};

// Behind a synapse, from its sums in registers.
struct StepBehind {
  static constexpr bool emits_spikes = true;
  IfNeurons neurons;
  DeviceSignal output;
  DeviceSignal addend[most_addends];  // stored currents
  std::int32_t addends;

  __device__ std::uint32_t operator()(const cuda::OutputPlace& place,
                                      const std::int32_t (&currents)[4]) const {
    if (place.channel >= neurons.row) return 0;
    auto* v = reinterpret_cast<int4*>(neurons.of(place.slot, place.pixel) + place.channel);
    int4 potential = place.fresh ? four(neurons.v_init, place.channel) : *v;
    const int4 threshold = four(neurons.v_threshold, place.channel);
    std::int32_t x[4] = {currents[0], currents[1], currents[2], currents[3]};
    for (std::int32_t i = 0; i < addends; ++i) add(addend[i], place, x);
    std::uint32_t fired = neurons.fires(potential.x, x[0], threshold.x) ? 1U : 0U;
    fired |= neurons.fires(potential.y, x[1], threshold.y) ? 2U : 0U;
    fired |= neurons.fires(potential.z, x[2], threshold.z) ? 4U : 0U;
    fired |= neurons.fires(potential.w, x[3], threshold.w) ? 8U : 0U;
    *v = potential;
    return fired;
  }

  __device__ void write(const cuda::OutputPlace& place, std::int32_t word, std::uint32_t bits) const {
    store_word(output, place.slot, place.pixel, word, bits);
  }

  __device__ static void add(const DeviceSignal& from, const cuda::OutputPlace& place, std::int32_t (&x)[4]) {
    const auto* stored =
        from.of<const std::int32_t>(place.slot) + std::int64_t{place.pixel} * from.channels + place.channel;
#pragma unroll
    for (int i = 0; i < 4; ++i)
      if (place.channel + i < from.channels) x[i] += stored[i];
  }
  __device__ static int4 four(const std::int32_t* numbers, std::int32_t channel) {
    return *reinterpret_cast<const int4*>(numbers + channel);
  }
};

std::vector<std::int32_t> initial_row(const InitialState& state) {
  std::vector<std::int32_t> row;
  for (const std::uint32_t word : state.row) row.push_back(std::bit_cast<std::int32_t>(word));
  return row;
}

class IfCuda : public CudaKernel {
 public:
  IfCuda(const NodeContext& context, const NodePlan& plan)
      : input_(context.inputs[0]),
        output_(plan.output),
        row_(static_cast<std::int32_t>(plan.state.row.size())),
        v_init_(initial_row(plan.state)) {
    const IfParameters parameters = IfParameters::of(context.node);
    std::vector<std::int32_t> thresholds =
        integers_per_channel(parameters.v_threshold, input_.shape.channels);
    thresholds.resize(plan.state.row.size(), int32_max);
    v_threshold_ = DeviceTable(std::move(thresholds));
    reset_ = parameters.reset;
    v_reset_ = static_cast<std::int32_t>(parameters.v_reset);
  }

  void upload() override {
    v_threshold_.upload();
    v_init_.upload();
  }
  void enqueue(const CudaStep& step) const override {
    enqueue_elements(step, output_, StepAlone{neurons(step.state), DeviceSignal(input_, step.inputs[0])});
  }
  bool can_fuse(const Kernel& source, std::size_t addends) const override {
    const auto* synapse = dynamic_cast<const CudaSynapse*>(&source);
    return synapse != nullptr && synapse->is_product() && addends <= most_addends;
  }
  std::unique_ptr<Kernel> fused(FusionParts parts) const override;

  void enqueue_behind(const CudaSynapse& source, const std::vector<SignalSpec>& addends,
                      const CudaStep& step) const {
    StepBehind epilogue{neurons(step.state), DeviceSignal(output_, step.output), {}, 0};
    for (std::size_t i = 0; i < addends.size(); ++i)
      epilogue.addend[i] = DeviceSignal(addends[i], step.inputs[i + 1]);
    epilogue.addends = static_cast<std::int32_t>(addends.size());
    enqueue_product(source.product(step.inputs[0]), step, epilogue);
  }

 private:
  IfNeurons neurons(const SignalView& state) const {
    return {state.int32(0), static_cast<std::int64_t>(state.entry_bytes / sizeof(std::int32_t)),
            row_,           v_threshold_.data(),
            v_init_.data(), reset_,
            v_reset_};
  }

  SignalSpec input_, output_;
  std::int32_t row_;
  DeviceTable<std::int32_t> v_threshold_, v_init_;  // [row]
  Reset reset_;
  std::int32_t v_reset_;
};

// A synapse, what is added to its currents, and IF in one kernel.
class FusedIf : public CudaKernel {
 public:
  explicit FusedIf(FusionParts parts) : source_(std::move(parts.source)), neuron_(std::move(parts.neuron)) {
    for (const FusedAddend& addend : parts.addends) addends_.push_back(addend.output);
  }
  void upload() override {
    dynamic_cast<CudaSynapse&>(*source_).upload();
    dynamic_cast<IfCuda&>(*neuron_).upload();
  }
  void enqueue(const CudaStep& step) const override {
    dynamic_cast<const IfCuda&>(*neuron_).enqueue_behind(dynamic_cast<const CudaSynapse&>(*source_), addends_,
                                                         step);
  }

 private:
  std::unique_ptr<Kernel> source_, neuron_;
  std::vector<SignalSpec> addends_;
};

std::unique_ptr<Kernel> IfCuda::fused(FusionParts parts) const {
  return std::make_unique<FusedIf>(std::move(parts));
}

}  // namespace

std::unique_ptr<Kernel> make_if_cuda(const NodeContext& context, const NodePlan& plan) {
  return std::make_unique<IfCuda>(context, plan);
}

void register_cuda_neurons(Registry& registry) {
  registry.add_kernel("IF", DeviceKind::cuda, Arithmetic::fixed, make_if_cuda);
}

}  // namespace rheobase
