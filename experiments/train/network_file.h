#pragma once

#include <string>
#include <vector>

#include "binarize/networks/layer_list.h"

namespace rheobase {

/// The layers of a network file (docs/reference/training.md). Throws InputError with every fault.
std::vector<LayerSpec> read_network_file(const std::string& path);

}  // namespace rheobase
