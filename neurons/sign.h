#pragma once

#include <string>

#include "sim/graph/op_schema.h"

namespace rheobase {

/// The activation of binary networks: +1 for z >= threshold, else -1. One threshold or one per channel, in
/// the unit of z; 0 where none is given.
struct SignParameters {
  Tensor threshold = scalar_tensor(0.0F);

  static SignParameters of(const Node& node);
  /// A node of op `Sign` with these parameters.
  Node node(std::string name, std::string input) const;
};

/// A node of op `Sign` at threshold 0.
Node sign_node(std::string name, std::string input);

OpSchema sign_schema();

}  // namespace rheobase
