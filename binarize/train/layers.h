#pragma once

#include <memory>

#include "binarize/train/layer.h"

namespace rheobase {

// One factory for each kind of layer; make_layer() chooses.
std::unique_ptr<Layer> make_synapse_layer(const LayerContext& context);  ///< (Binary)Conv2d, (Binary)Linear
std::unique_ptr<Layer> make_batch_norm_layer(const LayerContext& context);
std::unique_ptr<Layer> make_relu_layer(const LayerContext& context);
std::unique_ptr<Layer> make_prelu_layer(const LayerContext& context);
std::unique_ptr<Layer> make_qcfs_layer(const LayerContext& context);
std::unique_ptr<Layer> make_sign_layer(const LayerContext& context);
std::unique_ptr<Layer> make_average_pool_layer(const LayerContext& context);
std::unique_ptr<Layer> make_max_pool_layer(const LayerContext& context);
std::unique_ptr<Layer> make_add_layer(const LayerContext& context);
std::unique_ptr<Layer> make_rearrange_layer(const LayerContext& context);  ///< Pad, Slice, Flatten, Output

/// Whether make_layer() knows the op.
bool has_layer(const std::string& op);

}  // namespace rheobase
