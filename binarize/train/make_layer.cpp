#include <algorithm>
#include <array>

#include "binarize/train/layers.h"
#include "sim/core/error.h"

namespace rheobase {
namespace {

struct Entry {
  const char* op;
  std::unique_ptr<Layer> (*make)(const LayerContext&);
};

constexpr std::array entries{Entry{"Conv2d", make_synapse_layer},
                             Entry{"Linear", make_synapse_layer},
                             Entry{"BinaryConv2d", make_synapse_layer},
                             Entry{"BinaryLinear", make_synapse_layer},
                             Entry{"BatchNorm", make_batch_norm_layer},
                             Entry{"ReLU", make_relu_layer},
                             Entry{"PReLU", make_prelu_layer},
                             Entry{"QCFS", make_qcfs_layer},
                             Entry{"Sign", make_sign_layer},
                             Entry{"AvgPool2d", make_average_pool_layer},
                             Entry{"MaxPool2d", make_max_pool_layer},
                             Entry{"Add", make_add_layer},
                             Entry{"Pad", make_rearrange_layer},
                             Entry{"Slice", make_rearrange_layer},
                             Entry{"Flatten", make_rearrange_layer},
                             Entry{"Output", make_rearrange_layer}};

const Entry* find_entry(const std::string& op) {
  const auto entry = std::find_if(entries.begin(), entries.end(), [&](const Entry& e) { return e.op == op; });
  return entry == entries.end() ? nullptr : &*entry;
}

}  // namespace

bool has_layer(const std::string& op) { return find_entry(op) != nullptr; }

std::unique_ptr<Layer> make_layer(const LayerContext& context) {
  const Entry* entry = find_entry(context.node.op);
  if (entry == nullptr) throw InternalError("no training layer for " + context.node.op);
  return entry->make(context);
}

}  // namespace rheobase
