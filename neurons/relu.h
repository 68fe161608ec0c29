#pragma once

#include <limits>
#include <string>

#include "sim/graph/op_schema.h"

namespace rheobase {

/// a = min(max(z, 0), max); unbounded unless `max` is set (ReLU6: 6).
struct ReluParameters {
  float max = std::numeric_limits<float>::infinity();  ///< more than 0

  static ReluParameters of(const Node& node);
  /// A node of op `ReLU` with these parameters.
  Node node(std::string name, std::string input) const;
};

OpSchema relu_schema();

}  // namespace rheobase
