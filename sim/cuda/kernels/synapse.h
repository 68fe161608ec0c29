#pragma once

#include <memory>

#include "sim/cuda/device/device_memory.h"
#include "sim/cuda/kernels/cuda_kernel.h"
#include "sim/cuda/kernels/product_shape.h"

namespace rheobase::cuda {

/// What a product kernel (product.cuh) is launched with, its epilogue apart.
struct ProductArguments {
  ProductShape shape;
  ProductForm form = ProductForm::bits;
  int nt = 8;  ///< matrix instructions side by side: 4 or 8, of 8 channels each
  DeviceSignal input;
  const std::uint32_t* weights = nullptr;  ///< pack_weights()
  const std::int32_t* offsets = nullptr;   ///< one a channel, padded to whole blocks
};

/// A Conv2d or Linear in fixed arithmetic. On the tensor cores where it has one group and reads spikes or
/// numbers of 8 bits; else, as for the image, one thread an output.
class CudaSynapse : public CudaKernel {
 public:
  explicit CudaSynapse(const NodeContext& context);

  void upload() override;
  void enqueue(const CudaStep& step) const override;

  bool is_product() const { return is_product_; }
  /// Of a product.
  ProductArguments product(const SignalView& input) const;

 private:
  void enqueue_plain(const CudaStep& step) const;

  SignalSpec input_, output_;
  ProductShape shape_;
  std::int32_t groups_;
  bool is_product_;
  ProductForm form_;
  int nt_;
  DeviceTable<std::uint32_t> packed_;  // of a product
  DeviceTable<std::int8_t> weights_;   // else: [O][rows]
  DeviceTable<std::int32_t> offsets_;
};

std::unique_ptr<CudaSynapse> make_synapse(const NodeContext& context);

}  // namespace rheobase::cuda
