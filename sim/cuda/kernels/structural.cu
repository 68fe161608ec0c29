// Pools, joins, Affine, Output and the ops that only move numbers, in fixed arithmetic.

#include "sim/core/error.h"
#include "sim/cuda/device/device_memory.h"
#include "sim/cuda/kernels/elements.cuh"
#include "sim/cuda/kernels/structural.h"
#include "sim/op/fixed.h"
#include "sim/op/structural/pool2d_plan.h"
#include "sim/op/structural/rearrangement.h"

namespace rheobase::cuda {
namespace {

// Signals that one kernel reads.
constexpr std::size_t most_inputs = 8;

struct Inputs {
  DeviceSignal signal[most_inputs];
  std::int32_t count = 0;
};

Inputs inputs_of(const std::vector<SignalSpec>& specs, const CudaStep& step) {
  Inputs inputs;
  for (std::size_t i = 0; i < specs.size(); ++i) inputs.signal[i] = DeviceSignal(specs[i], step.inputs[i]);
  inputs.count = static_cast<std::int32_t>(specs.size());
  return inputs;
}

void expect_few_inputs(const NodeContext& context) {
  if (context.inputs.size() <= most_inputs) return;
  throw InputError("graph", context.node.name,
                   "joins " + std::to_string(context.inputs.size()) + " signals, on cuda up to " +
                       std::to_string(most_inputs) + "; use --device cpu");
}

// A window, as Pool2dPlan::for_window walks it.
struct PoolWindow {
  std::int32_t height, width, out_width;
  std::int32_t kernel_h, kernel_w, stride_h, stride_w, pad_top, pad_left, dilation_h, dilation_w;

  template <class Visit>
  __device__ void for_pixels(std::int32_t pixel, const Visit& visit) const {
    for (std::int32_t ky = 0; ky < kernel_h; ++ky) {
      const std::int32_t y = pixel / out_width * stride_h - pad_top + ky * dilation_h;
      if (y < 0 || y >= height) continue;
      for (std::int32_t kx = 0; kx < kernel_w; ++kx) {
        const std::int32_t x = pixel % out_width * stride_w - pad_left + kx * dilation_w;
        if (x >= 0 && x < width) visit(y * width + x);
      }
    }
  }
};

PoolWindow window_of(const Pool2dPlan& plan) {
  const auto narrow = [](std::int64_t value) { return static_cast<std::int32_t>(value); };
  const Window& w = plan.pool.window;
  return {narrow(plan.input.shape.height),
          narrow(plan.input.shape.width),
          narrow(plan.output.width),
          narrow(w.kernel[0]),
          narrow(w.kernel[1]),
          narrow(w.stride[0]),
          narrow(w.stride[1]),
          narrow(w.padding[0]),
          narrow(w.padding[1]),
          narrow(w.dilation[0]),
          narrow(w.dilation[1])};
}

struct SumOfWindow {
  PoolWindow window;
  DeviceSignal input;

  __device__ std::int32_t operator()(const ElementPlace& place) const {
    std::int32_t sum = 0;
    window.for_pixels(place.pixel,
                      [&](std::int32_t from) { sum += number_at(input, place.slot, from, place.channel); });
    return sum;
  }
};

// 0 where the window holds no pixel.
struct MostOfWindow {
  PoolWindow window;
  DeviceSignal input;

  __device__ std::int32_t operator()(const ElementPlace& place) const {
    std::int32_t most = 0;
    bool any = false;
    window.for_pixels(place.pixel, [&](std::int32_t from) {
      const std::int32_t n = number_at(input, place.slot, from, place.channel);
      most = any && most > n ? most : n;
      any = true;
    });
    return most;
  }
};

template <class Body>
class PoolKernel : public CudaKernel {
 public:
  PoolKernel(const NodeContext& context, const NodePlan& plan)
      : input_(context.inputs[0]), output_(plan.output), window_(window_of(Pool2dPlan(context))) {}
  void enqueue(const CudaStep& step) const override {
    enqueue_elements(step, output_, Body{window_, DeviceSignal(input_, step.inputs[0])});
  }

 private:
  SignalSpec input_, output_;
  PoolWindow window_;
};

// y[c] = scale[c] * n[c] + shift[c]
struct Scaled {
  DeviceSignal input;
  const std::int32_t* scale;
  const std::int32_t* shift;

  __device__ std::int32_t operator()(const ElementPlace& place) const {
    return scale[place.channel] * number_at(input, place.slot, place.pixel, place.channel) +
           shift[place.channel];
  }
};

class AffineKernel : public CudaKernel {
 public:
  AffineKernel(const NodeContext& context, const NodePlan& plan)
      : input_(context.inputs[0]),
        output_(plan.output),
        scale_(integers_per_channel(context.node.tensors.at("scale"), input_.shape.channels)),
        shift_(integers_per_channel(context.node.tensors.at("shift"), input_.shape.channels)) {}
  void upload() override {
    scale_.upload();
    shift_.upload();
  }
  void enqueue(const CudaStep& step) const override {
    enqueue_elements(step, output_,
                     Scaled{DeviceSignal(input_, step.inputs[0]), scale_.data(), shift_.data()});
  }

 private:
  SignalSpec input_, output_;
  DeviceTable<std::int32_t> scale_, shift_;
};

struct SumOfInputs {
  Inputs inputs;

  __device__ std::int32_t operator()(const ElementPlace& place) const {
    std::int32_t sum = 0;
    for (std::int32_t i = 0; i < inputs.count; ++i)
      sum += number_at(inputs.signal[i], place.slot, place.pixel, place.channel);
    return sum;
  }
};

class AddKernel : public CudaKernel {
 public:
  AddKernel(const NodeContext& context, const NodePlan& plan)
      : inputs_(context.inputs), output_(plan.output) {
    expect_few_inputs(context);
  }
  void enqueue(const CudaStep& step) const override {
    enqueue_elements(step, output_, SumOfInputs{inputs_of(inputs_, step)});
  }

 private:
  std::vector<SignalSpec> inputs_;
  SignalSpec output_;
};

// Where a number comes from; no input: 0.
struct Origin {
  std::int32_t input, pixel, channel;
};

struct Moved {
  Inputs inputs;
  const Origin* origins;
  std::int32_t channels;

  __device__ std::int32_t operator()(const ElementPlace& place) const {
    const Origin from = origins[std::int64_t{place.pixel} * channels + place.channel];
    return from.input < 0 ? 0 : number_at(inputs.signal[from.input], place.slot, from.pixel, from.channel);
  }
};

class RearrangeKernel : public CudaKernel {
 public:
  explicit RearrangeKernel(const NodeContext& context) {
    expect_few_inputs(context);
    const Rearrangement from(context);
    inputs_ = from.inputs;
    output_ = from.output;
    std::vector<Origin> origins;
    for (const Rearrangement::Element& element : from.elements) {
      origins.push_back({element.input, static_cast<std::int32_t>(element.pixel),
                         static_cast<std::int32_t>(element.channel)});
    }
    origins_ = DeviceTable(std::move(origins));
  }
  void upload() override { origins_.upload(); }
  void enqueue(const CudaStep& step) const override {
    enqueue_elements(
        step, output_,
        Moved{inputs_of(inputs_, step), origins_.data(), static_cast<std::int32_t>(output_.shape.channels)});
  }

 private:
  std::vector<SignalSpec> inputs_;
  SignalSpec output_;
  DeviceTable<Origin> origins_;
};

}  // namespace

std::unique_ptr<Kernel> make_avg_pool2d(const NodeContext& context, const NodePlan& plan) {
  return std::make_unique<PoolKernel<SumOfWindow>>(context, plan);
}
std::unique_ptr<Kernel> make_max_pool2d(const NodeContext& context, const NodePlan& plan) {
  return std::make_unique<PoolKernel<MostOfWindow>>(context, plan);
}
std::unique_ptr<Kernel> make_affine(const NodeContext& context, const NodePlan& plan) {
  return std::make_unique<AffineKernel>(context, plan);
}
std::unique_ptr<Kernel> make_add(const NodeContext& context, const NodePlan& plan) {
  return std::make_unique<AddKernel>(context, plan);
}
std::unique_ptr<Kernel> make_rearrange(const NodeContext& context, const NodePlan& /*plan*/) {
  return std::make_unique<RearrangeKernel>(context);
}

}  // namespace rheobase::cuda
