#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "sim/graph/validate.h"

namespace rheobase {

/// Which input, and which of its channels (axis 0).
struct Origin {
  std::size_t input = 0;
  std::int64_t channel = 0;
};

/// Where each output channel of a pool or a carrier comes from; nothing for channels of zeros.
std::vector<std::optional<Origin>> channel_origins(const Node& node, const ShapeMap& shapes);

}  // namespace rheobase
