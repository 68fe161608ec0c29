#include "sim/cuda/kernels/synapse.h"

#include "sim/cuda/kernels/elements.cuh"
#include "sim/cuda/kernels/product.cuh"

namespace rheobase::cuda {
namespace {

// From 33 channels on wide blocks pay.
constexpr int narrow_channels = 32;

// The definition of FixedConv2dPlan, one output at a time.
struct PlainSynapse {
  ProductShape shape;
  std::int32_t inputs_per_group, outputs_per_group;
  DeviceSignal input;
  const std::int8_t* weights;
  const std::int32_t* offsets;

  __device__ std::int32_t operator()(const ElementPlace& place) const {
    const std::int32_t first_channel = place.channel / outputs_per_group * inputs_per_group;
    const std::int8_t* weight = weights + std::int64_t{place.channel} * shape.rows;
    std::int32_t sum = offsets[place.channel];
    for (std::int32_t tap = 0; tap < shape.kernel_h * shape.kernel_w; ++tap, weight += inputs_per_group) {
      const std::int32_t from = pixel_under(shape, place.pixel, tap);
      if (from < 0) continue;
      for (std::int32_t c = 0; c < inputs_per_group; ++c)
        sum += weight[c] * number_at(input, place.slot, from, first_channel + c);
    }
    return sum >> shape.shift;
  }
};

bool fits_bytes(const SignalSpec& input) {
  return input.type == SignalType::int16 && input.low >= -128 && input.high <= 127;
}

}  // namespace

CudaSynapse::CudaSynapse(const NodeContext& context) : input_(context.inputs[0]) {
  const FixedConv2dPlan plan(context);
  output_ = {SignalType::int32, plan.output};
  shape_ = ProductShape(plan);
  groups_ = static_cast<std::int32_t>(plan.groups);
  form_ = input_.type == SignalType::spikes ? ProductForm::bits : ProductForm::bytes;
  is_product_ = groups_ == 1 && (input_.type == SignalType::spikes || fits_bytes(input_));
  nt_ = shape_.out_channels <= narrow_channels ? 4 : 8;
  std::vector<std::int32_t> offsets = plan.offsets;
  offsets.resize(static_cast<std::size_t>(padded_channels(shape_.out_channels, nt_)), 0);
  offsets_ = DeviceTable(std::move(offsets));
  if (is_product_)
    packed_ = DeviceTable(pack_weights(plan, form_, nt_));
  else
    weights_ = DeviceTable(plan.weights);
}

void CudaSynapse::upload() {
  packed_.upload();
  weights_.upload();
  offsets_.upload();
}

ProductArguments CudaSynapse::product(const SignalView& input) const {
  return {shape_, form_, nt_, DeviceSignal(input_, input), packed_.data(), offsets_.data()};
}

void CudaSynapse::enqueue(const CudaStep& step) const {
  if (!is_product_) return enqueue_plain(step);
  const StoreCurrents store{DeviceSignal(output_, step.output), shape_.out_channels};
  enqueue_product(product(step.inputs[0]), step, store);
}

void CudaSynapse::enqueue_plain(const CudaStep& step) const {
  enqueue_elements(step, output_,
                   PlainSynapse{shape_, shape_.channels / groups_, shape_.out_channels / groups_,
                                DeviceSignal(input_, step.inputs[0]), weights_.data(), offsets_.data()});
}

std::unique_ptr<CudaSynapse> make_synapse(const NodeContext& context) {
  return std::make_unique<CudaSynapse>(context);
}

}  // namespace rheobase::cuda
