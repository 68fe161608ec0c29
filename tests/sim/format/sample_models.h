#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "sim/format/model_file.h"
#include "sim/hdf5/handle.h"

namespace rheobase {

/// The structural ops, and `Any`: any inputs, settings `integer`, `real`, `word`, `list` and tensors `a`,
/// `b/`, ...
SchemaSet sample_schemas();

/// Input 1x4x4, a convolution, a linear layer, a stop rule; the same for ever (tests/golden/model-v1.h5 holds
/// it).
Model small_model();

/// The same network with integers of one, two and four bytes, in the arithmetic fixed.
Model small_fixed_model();

/// The same network with weights of -1 and 1.
Model small_binary_model();

/// Nodes with every type of setting, tensors of odd shapes and names of odd letters.
Model random_model(std::uint64_t seed);

/// Changes a model file behind its seal, then seals it again.
void edit_sealed(const std::string& path, const std::function<void(hid_t file)>& edit);

}  // namespace rheobase
